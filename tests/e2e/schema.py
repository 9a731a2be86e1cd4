# SPDX-License-Identifier: MIT
"""Holds values against the schemas of /openapi.json. Knows the keywords that document uses, and refuses others. A property that the schema
does not name is a finding too: what is not described is no contract.
"""
import datetime
import re

KNOWN = {"type", "required", "properties", "items", "enum", "pattern", "$ref", "anyOf", "format", "additionalProperties", "description", "minimum", "maximum", "maxLength", "minItems",
         "default", "const", "examples", "writeOnly", "x-pryx-unsupported"}
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None), "number": (int, float)}


def is_type(value, name):
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, TYPES[name])


class Schemas:
    def __init__(self, document):
        self.document = document

    def resolve(self, schema):
        while "$ref" in schema:
            node = self.document
            for step in schema["$ref"].removeprefix("#/").split("/"):
                node = node[step]
            schema = node
        return schema

    def problems(self, value, schema, at="$"):
        schema = self.resolve(schema)
        unknown = schema.keys() - KNOWN
        if unknown:
            return [f"{at}: the schema uses {unknown}, which this checker does not know"]
        if "anyOf" in schema:
            tries = [self.problems(value, option, at) for option in schema["anyOf"]]
            return [] if any(not t for t in tries) else min(tries, key=len)
        if "const" in schema and value != schema["const"]:
            return [f"{at}: {value!r} is not {schema['const']!r}"]
        if "enum" in schema and value not in schema["enum"]:
            return [f"{at}: {value!r} is none of {schema['enum']}"]
        wanted = schema.get("type")
        names = wanted if isinstance(wanted, list) else [wanted] if wanted else []
        if names and not any(is_type(value, n) for n in names):
            return [f"{at}: {value!r} is no {'/'.join(names)}"]
        if isinstance(value, str):
            return self._text(value, schema, at)
        if isinstance(value, int) and not isinstance(value, bool):
            low, high = schema.get("minimum", value), schema.get("maximum", value)
            return [] if low <= value <= high else [f"{at}: {value} is out of range"]
        if isinstance(value, list):
            return [p for i, item in enumerate(value) for p in self.problems(item, schema.get("items", {}), f"{at}[{i}]")]
        if isinstance(value, dict):
            return self._object(value, schema, at)
        return []

    def _text(self, value, schema, at):
        if "pattern" in schema and not re.search(schema["pattern"], value):
            return [f"{at}: {value!r} does not match {schema['pattern']}"]
        if schema.get("format") == "date-time":
            try:
                if not value.endswith("Z"):
                    raise ValueError
                datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
            except ValueError:
                return [f"{at}: {value!r} is no RFC 3339 time in UTC"]
        return []

    def _object(self, value, schema, at):
        found = [f"{at}: {name} is missing" for name in schema.get("required", []) if name not in value]
        known, rest = schema.get("properties"), schema.get("additionalProperties")
        for name, item in value.items():
            if known and name in known:
                found += self.problems(item, known[name], f"{at}.{name}")
            elif isinstance(rest, dict):
                found += self.problems(item, rest, f"{at}.{name}")
            elif known is not None:
                found.append(f"{at}: {name} is not described")
        return found

    def operations(self):
        """(method, path template, operation)"""
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                yield method.upper(), path, operation

    def response_problems(self, method, template, answer):
        """What is wrong with an answer of this operation."""
        operation = self.document["paths"][template][method.lower()]
        described = operation["responses"].get(str(answer.status), operation["responses"]["default"] if answer.status >= 400 else None)
        if described is None:
            return [f"the status {answer.status} is not described"]
        described = self.resolve(described)
        content = described.get("content")
        if not content:
            return ["a body where none is described"] if answer.body else []
        kind = (answer.headers.get("Content-Type") or "").split(";")[0]
        if kind not in content:
            return [f"the content type {kind!r} is none of {list(content)}"]
        if kind.endswith("json"):
            return self.problems(answer.json(), content[kind]["schema"])
        return []
