"""Drives yaml-language-server over its standard input and output, as an editor does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

SERVER = os.environ.get("COHORTS_YAML_LANGUAGE_SERVER") or shutil.which("yaml-language-server") or ""


class LanguageServer:
    """One server, with a schema for each pattern of files."""

    def __init__(self, folder: Path, schemas: Mapping[str, list[str]]) -> None:
        self._folder, self._numbers = folder, count(1)
        self._process = subprocess.Popen([SERVER, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        settings = {"yaml": {"schemas": dict(schemas), "completion": True, "hover": True, "validate": True}}
        self._settings = settings
        root = folder.as_uri()
        client = {"workspace": {"configuration": True}, "textDocument": {"completion": {}, "hover": {}}}
        self._ask("initialize", {"processId": None, "rootUri": root, "capabilities": client})
        self._tell("initialized", {})
        self._tell("workspace/didChangeConfiguration", {"settings": settings})

    def open(self, path: str, text: str) -> list[str]:
        """Show a text to it; what it says is wrong, line by line."""
        uri = (self._folder / path).as_uri()
        item = {"uri": uri, "languageId": "yaml", "version": next(self._numbers), "text": text}
        self._tell("textDocument/didOpen", {"textDocument": item})
        while True:
            told = self._hear()
            if told.get("method") == "textDocument/publishDiagnostics" and told["params"]["uri"] == uri:
                return [
                    f"{each['range']['start']['line'] + 1}: {each['message']}" for each in told["params"]["diagnostics"]
                ]

    def offered(self, path: str, line: int, column: int) -> dict[str, str]:
        """What is offered at a place (from 1): names, and what is said of each."""
        answer = self._ask("textDocument/completion", self._at(path, line, column))
        items = answer["items"] if isinstance(answer, dict) else answer
        return {item["label"]: _text(item.get("documentation")) for item in items}

    def hover(self, path: str, line: int, column: int) -> str:
        """What is said of what stands at a place (from 1)."""
        answer = self._ask("textDocument/hover", self._at(path, line, column))
        return _text(answer["contents"]) if answer else ""

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()

    def _at(self, path: str, line: int, column: int) -> dict[str, Any]:
        uri = (self._folder / path).as_uri()
        return {"textDocument": {"uri": uri}, "position": {"line": line - 1, "character": column - 1}}

    def _ask(self, method: str, params: Mapping[str, Any]) -> Any:
        number = next(self._numbers)
        self._send({"id": number, "method": method, "params": params})
        while True:
            told = self._hear()
            if told.get("id") == number and "method" not in told:
                return told["result"]

    def _tell(self, method: str, params: Mapping[str, Any]) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: Mapping[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()

    def _hear(self) -> dict[str, Any]:
        """The next message; what it asks of an editor is answered at once."""
        assert self._process.stdout
        length = 0
        while line := self._process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        told: dict[str, Any] = json.loads(self._process.stdout.read(length))
        if "id" in told and "method" in told:
            asked = told.get("params", {}).get("items", [])
            answer = [self._settings.get(item.get("section", ""), None) for item in asked] or None
            self._send({"id": told["id"], "result": answer})
        return told


def _text(said: Any) -> str:
    return said["value"] if isinstance(said, dict) else str(said or "")
