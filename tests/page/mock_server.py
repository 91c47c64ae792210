"""A server that answers as docs/serve.md says, without a model: the board and the words of data/, sentences by script.

Run it to try the page (python3 tests/page/mock_server.py, then http://127.0.0.1:8090/), or use MockServer in tests.
"""
import csv
import io
import json
import math
import struct
import sys
import threading
import time
import wave
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "src/serve/page"
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png",
         ".webmanifest": "application/manifest+json"}
POLICY = ("default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
          "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
SENTENCES = {  # draft and candidates by what was tapped
    "I want tea": ("I want some tea.", ["I’d love a cup of tea, my love.", "Ooh, tea please!", "Could I have some tea, dear?"]),
    "we want drink tea": ("We want to drink tea.",
                          ["We’d love to drink some tea, my love.", "Shall we have a nice cup of tea?", "Put the kettle on for us, dear, we want tea."]),
}
LEFT_OUT = {"Ooh, tea please!": ["I", "want"], "Shall we have a nice cup of tea?": ["want", "drink"],
            "Put the kettle on for us, dear, we want tea.": ["drink"]}


def color(word, kind, category):
    if kind in ("NEGATED",):
        return "negation"
    if kind == "QUESTION" or category == "questions":
        return "question"
    if category in ("pronouns", "people", "family", "jobs"):
        return "people"
    if category == "expressions":
        return "social"
    return {"VERB": "verb", "ADJECTIVE": "describe", "NOUN": "noun", "CLITIC_PRONOUN": "people", "PREPOSITION": "little"}.get(kind, "other")


def board_of_data():
    with open(ROOT / "data/icons.tsv", encoding="utf-8") as file:
        rows = list(csv.DictReader((line for line in file if not line.startswith("#")), delimiter="\t", quoting=csv.QUOTE_NONE))
    board = json.loads((ROOT / "data/board.json").read_text(encoding="utf-8"))
    by_word = {}
    for row in rows:
        by_word.setdefault(row["word"], row)

    def slot(row, column, entry, label=None):
        return {"row": row, "column": column, "label": label or entry["word"], "say": entry["word"], "emoji": entry["emoji"] or "", "picture": None,
                "icon": {"word": entry["word"], "type": entry["type"], "picture": entry["picture"]},
                "color": color(entry["word"], entry["type"], entry["category"]), "link": None, "action": None}

    pages = [{"name": page["name"], "rows": len(page["rows"]), "columns": max(map(len, page["rows"])), "list": False, "slots": []} for page in board["pages"]]
    for at, page in enumerate(board["pages"]):
        for r, cells in enumerate(page["rows"]):
            for c, cell in enumerate(cells):
                if not cell.startswith("["):
                    known = board["words"].get(cell, {})
                    entry = dict(by_word.get(known.get("word", cell)) or {"word": cell, "emoji": "", "category": "grammar", "picture": ""})
                    entry["type"] = known.get("type", entry.get("type", "NOUN"))
                    pages[at]["slots"].append(slot(r, c, entry))
                    continue
                categories = board["words"].get(cell, {}).get("categories", [cell[1:-1]])
                inside = [row for row in rows if row["category"] in categories and "offensive" not in (row["forms"] or "")]
                name = cell[1:-1].replace("_", " ")
                first = inside[0]
                pages[at]["slots"].append({"row": r, "column": c, "label": name, "say": "", "emoji": next((row["emoji"] for row in inside if row["emoji"]), ""),
                                           "picture": None, "icon": None, "color": color("", first["type"], first["category"]), "link": len(pages), "action": None})
                pages.append({"name": name, "rows": math.ceil(len(inside) / 5), "columns": 5, "list": True,
                              "slots": [slot(i // 5, i % 5, row) for i, row in enumerate(inside)]})
    return {"name": board["name"], "language": "en", "first": 0, "top": list(range(len(board["pages"]))), "pages": pages}


def tone():
    out = io.BytesIO()
    with wave.open(out, "wb") as wav:
        wav.setnchannels(1), wav.setsampwidth(2), wav.setframerate(8000)
        wav.writeframes(b"".join(struct.pack("<h", int(8000 * math.sin(i / 3))) for i in range(1600)))
    return out.getvalue()


class MockServer:
    """requests: what was posted, as (path, body). Everything else may be changed while it runs."""

    def __init__(self, board=None, port=0):
        self.board = board or board_of_data()
        self.settings = {"version": "0", "model": "scripted", "language": "en", "rules": True, "speech": True,
                         "picks": {"allowed": True, "file": "picks.jsonl"}, "candidates": {"default": 3, "most": 8}}
        self.voices = [{"id": "bea", "name": "Auntie Bea"}, {"id": "", "name": "no style of its own"}]
        self.sentences = dict(SENTENCES)
        self.token = None
        self.delay = 0.05  # seconds before each candidate
        self.requests = []
        self.gone = 0      # answers whose client went away
        self.picks = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                server.get(self)

            def do_POST(self):
                server.post(self)

        self.http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}/"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()

    def posted(self, path):
        return [body for asked, body in self.requests if asked == path]

    def send(self, to, body, kind="application/json", status=200, cookie=None):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        to.send_response(status)
        to.send_header("Content-Type", kind)
        to.send_header("Content-Length", str(len(data)))
        to.send_header("Content-Security-Policy", POLICY)
        to.send_header("X-Content-Type-Options", "nosniff")
        if cookie:
            to.send_header("Set-Cookie", cookie)
        to.end_headers()
        to.wfile.write(data)

    def refuse(self, to, status, message):
        self.send(to, {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}, status=status)

    def known(self, to):
        return not self.token or f"token={self.token}" in (to.headers.get("Cookie") or "")

    def get(self, to):
        path = to.path.split("?")[0]
        if path.startswith("/api/"):
            if not self.known(to):
                return self.refuse(to, 401, "This server has a token.")
            answers = {"/api/settings": self.settings, "/api/voices": {"voices": self.voices}, "/api/board": self.board, "/api/picks": {"picks": self.picks}}
            return self.send(to, answers[path]) if path in answers else self.refuse(to, 404, "Nothing here.")
        file = PAGE / ("index.html" if path == "/" else path[1:])
        if file.parent != PAGE or not file.is_file():
            return self.refuse(to, 404, "Nothing here.")
        return self.send(to, file.read_bytes(), KINDS[file.suffix])

    def post(self, to):
        body = json.loads(to.rfile.read(int(to.headers["Content-Length"])))
        path = to.path
        self.requests.append((path, body))
        if path == "/api/login":
            right = body.get("token") == self.token
            return self.send(to, b"", status=204, cookie=f"token={self.token}; HttpOnly; SameSite=Strict; Path=/") if right else \
                self.refuse(to, 401, "That is not the token.")
        if not self.known(to):
            return self.refuse(to, 401, "This server has a token.")
        words = [icon["word"] for icon in body.get("icons", [])]
        draft, candidates = self.sentences.get(" ".join(words)) or (" ".join(words).capitalize() + ".", [f"{' '.join(words)}, {end}!" for end in ("dear", "love", "please", "you")])
        if path == "/api/draft":
            return self.send(to, {"text": draft, "source": "rules"})
        if path == "/api/say":
            return self.say(to, words, draft, candidates[:body.get("candidates", 3)])
        if path == "/api/speak":
            return self.send(to, tone(), "audio/wav") if self.settings["speech"] else self.refuse(to, 501, "There is no speech command.")
        if path == "/api/pick":
            if not body.get("log"):
                return self.refuse(to, 403, "Keeping is off.")
            self.picks.insert(0, {"id": f"p{len(self.requests)}", "time": "2026-01-31T12:00:00Z", "said": body["said"], "icons": words})
            return self.send(to, {"id": self.picks[0]["id"]})
        if path == "/api/forget":
            before = len(self.picks)
            self.picks = [] if body.get("all") else [pick for pick in self.picks if pick["id"] != body.get("id")]
            return self.send(to, {"forgotten": before - len(self.picks)})
        return self.refuse(to, 404, "Nothing here.")

    def say(self, to, words, draft, candidates):
        to.send_response(200)
        to.send_header("Content-Type", "application/x-ndjson")
        to.end_headers()
        try:
            def event(**what):
                to.wfile.write((json.dumps(what) + "\n").encode())
                to.wfile.flush()
            event(event="draft", text=draft, source="rules")
            for index, text in enumerate(candidates):
                time.sleep(self.delay)
                left_out = [word for word in LEFT_OUT.get(text, []) if word in words]
                event(event="candidate", index=index, text=text, source="greedy", said=[word not in left_out for word in words], left_out=left_out)
            event(event="done", order=list(range(len(candidates))))
        except OSError:
            self.gone += 1


if __name__ == "__main__":
    mock = MockServer(port=int(sys.argv[1]) if len(sys.argv) > 1 else 8090)
    mock.delay = 0.6
    print(mock.url, flush=True)
    threading.Event().wait()
