#!/usr/bin/env python3
"""Opens the page in headless Chromium, with nothing else than Python's own library: are the tiles there? 77 where Chromium is not installed.

scripts/try-page tries all the rest.
"""
import re
import shutil
import subprocess
import sys
import tempfile

from mock_server import MockServer

chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
if not chromium:
    print("skipped: chromium is not installed")
    sys.exit(77)
server = MockServer()
with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
    run = subprocess.run([chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={profile}", "--enable-logging=stderr",
                          "--virtual-time-budget=20000", "--dump-dom", server.url], capture_output=True, text=True, timeout=240, check=False)
tiles = len(re.findall(r'class="tile[ "]', run.stdout))
problems = [line for line in run.stderr.splitlines() if "CONSOLE" in line and ("Uncaught" in line or "Security Policy" in line)]
print(f"{tiles} tiles", *problems, sep="\n")
sys.exit(0 if tiles == 25 and not problems else 1)
