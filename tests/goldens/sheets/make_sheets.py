#!/usr/bin/python3
"""What LibreOffice makes of a sheet: opens sent.xlsx, types, and saves it in each of its formats.

    aacft data sheet --data drafts.jsonl --output sent.xlsx --title "Sentences for Ada"
    ./make_sheets.py

Needs Debian's libreoffice-calc and python3-uno; the files here are by LibreOffice 7.4.7.
"""
import pathlib
import subprocess
import tempfile
import time

import uno
from com.sun.star.beans import PropertyValue

HERE = pathlib.Path(__file__).resolve().parent
TYPED = {  # by row, as strings: with the text format of their cells, typing does the same
    2: "I'm knackered, me",
    3: "Mum's cooking us her soup,\nlovely!",
    4: "Fancy a crème brûlée? 🍮",
    5: "=1+1 is 2, everybody knows that",
    6: "  “That dog’s not asleep” ",
    8: "007",
}
CSV = "Text - txt - csv (StarCalc)"
FILES = {  # separator, quote, character set (76: UTF-8, 1: Windows-1252, 65535: UTF-16)
    "libreoffice.xlsx": ("Calc MS Excel 2007 XML", None),
    "libreoffice.ods": ("calc8", None),
    "libreoffice.csv": (CSV, "44,34,76,1,,0,false,true,false"),
    "libreoffice-semicolon.csv": (CSV, "59,34,76,1,,0,false,true,false"),
    "libreoffice-tab-utf16.csv": (CSV, "9,34,65535,1,,0,false,true,false"),
    "libreoffice-1252.csv": (CSV, "59,34,1,1,,0,false,true,false"),
}


def option(name, value):
    pair = PropertyValue()
    pair.Name, pair.Value = name, value
    return pair


def desktop():
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    for _ in range(120):
        try:
            context = resolver.resolve("uno:pipe,name=aacft-sheets;urp;StarOffice.ComponentContext")
            return context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
        except Exception:
            time.sleep(0.5)
    raise SystemExit("LibreOffice does not answer")


with tempfile.TemporaryDirectory() as profile:
    office = subprocess.Popen(["soffice", "--headless", "--norestore", "--accept=pipe,name=aacft-sheets;urp;",
                               "-env:UserInstallation=" + pathlib.Path(profile).as_uri()])
    program = desktop()
    document = program.loadComponentFromURL((HERE / "sent.xlsx").as_uri(), "_blank", 0, (option("Hidden", True),))
    sheet = document.Sheets.getByIndex(0)
    for row, text in TYPED.items():
        sheet.getCellRangeByName(f"D{row}").setString(text)
    sheet.getCellRangeByName("E3").setString("Tomato soup?")
    sheet.Annotations.insertNew(sheet.getCellRangeByName("D7").CellAddress, "Say it to whom?")
    for name, (kind, csv) in FILES.items():
        options = [option("FilterName", kind)] + ([option("FilterOptions", csv)] if csv else [])
        document.storeToURL((HERE / name).as_uri(), tuple(options))
    document.close(True)
    try:
        program.terminate()
    except Exception:
        pass
    office.wait()
