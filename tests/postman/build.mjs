// Builds the four Postman collections in postman/ from collections/*.mjs and shared.mjs:
//
//     node tests/postman/build.mjs            writes them
//     node tests/postman/build.mjs --check    only says which are stale, and fails if any is
//
// A source exports `collection` (its id, name, description and variables) and `requests`: a list in which
// { folder, description } begins a folder and anything else is a request of these fields, in any order:
//
//     name, description   what Postman shows
//     GET: "/path"        the method and the path with its query, below base_url; {{x}} is the variable x
//     as                  "nobody": without a token. "ada": with the one in the variable ada_token. Left out: staff
//     headers             besides Content-Type, which a body of JSON has anyway
//     idempotency_key     "new" or "same" as the request before
//     body                an object, sent as JSON, or a text, sent as it is; a value "{{x_id}}" becomes a number
//     before              a function, or a list of them, to run before the request is sent
//     status              the expected one
//     code                of the problem, when the request is to be refused
//     fields              of a 422: each bad field with its code, "price: invalid_price"
//     tests               more assertions by name: a function, or lines from shared.mjs. A function may name one
//                         parameter, which is then the JSON of the response
//     keep                what to keep in which variable: a path in the JSON of the response ("id"), or a function
//
// No function is called here: its text goes into the collection, so whoever opens a request in Postman reads an
// ordinary script in which each assertion can be understood, and copied, alone.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { STATUS_CODES } from "node:http";
import { fileURLToPath } from "node:url";
import { common } from "./shared.mjs";

const WIDTH = 120;
const root = fileURLToPath(new URL("../../", import.meta.url));
const sums = "tests/postman/built.sha256";
const sourceFolder = "tests/postman/collections";
const sources = readdirSync(root + sourceFolder).sort().map((file) => `${sourceFolder}/${file}`);

const METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];
const FIELDS = [
    ...["name", "description", ...METHODS, "as", "headers", "idempotency_key", "body"],
    ...["before", "status", "code", "fields", "tests", "keep"],
];

// The same name in the same collection always has the same id (a UUID of version 5), so that importing a collection
// once more replaces what is there.
function uuid(namespace, name) {
    const hash = createHash("sha1").update(Buffer.from(namespace.replaceAll("-", ""), "hex")).update(name).digest();
    hash[6] = (hash[6] & 0x0f) | 0x50;
    hash[8] = (hash[8] & 0x3f) | 0x80;
    return hash.toString("hex", 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

const quoted = (text) => JSON.stringify(text);
const indented = (lines) => lines.map((line) => (line ? `    ${line}` : line));

// The lines of an arrow function's body as they stand in its source, less its indentation there.
function linesOf(code) {
    if (Array.isArray(code)) {
        return code;
    }
    const arrow = /^\((\w*)\) =>\s*([^]*)$/.exec(code.toString());
    if (!arrow) {
        throw new Error(`This is no arrow function of one parameter at most:\n${code}`);
    }
    const [, parameter, body] = arrow;
    const lines = body.split("\n");
    const indentation = /^ */.exec(lines.at(-1))[0].length;
    const dedented = lines.map((line, index) => (index === 0 ? line : line.slice(indentation)));
    const statements = body.startsWith("{")
        ? dedented.slice(1, -1).map((line) => line.slice(4))
        : [...dedented.slice(0, -1), `${dedented.at(-1)};`];
    return parameter ? [`const ${parameter} = pm.response.json();`, ...statements] : statements;
}

function assertion(name, lines) {
    const short = `pm.test(${quoted(name)}, () => ${lines[0].replace(/;$/, "")});`;
    return lines.length === 1 && short.length <= WIDTH
        ? [short]
        : [`pm.test(${quoted(name)}, () => {`, ...indented(lines), "});"];
}

function expected({ status, code, fields }) {
    const hasStatus = `pm.response.to.have.status(${status});`;
    if (fields) {
        return assertion(`It is refused with ${status} and every bad field is named`, [
            hasStatus,
            "const problem = pm.response.json();",
            `pm.expect(problem.code).to.eql("invalid_fields");`,
            "pm.expect(problem.errors.map((error) => `${error.field}: ${error.code}`)).to.have.members([",
            ...indented(fields.map((field, index) => quoted(field) + (index < fields.length - 1 ? "," : ""))),
            "]);",
            `problem.errors.forEach((error) => pm.expect(error.message).to.be.a("string").that.is.not.empty);`,
        ]);
    }
    if (code) {
        const hasCode = `pm.expect(pm.response.json().code).to.eql(${quoted(code)});`;
        return assertion(`It is refused with ${status} ${code}`, [hasStatus, hasCode]);
    }
    return assertion(`The answer is ${status} ${STATUS_CODES[status]}`, [hasStatus]);
}

function kept(variable, value) {
    const text = typeof value === "string" ? `pm.response.json().${value}` : linesOf(value)[0].replace(/;$/, "");
    return `pm.collectionVariables.set(${quoted(variable)}, ${text});`;
}

function scripts(request) {
    const before = [request.before ?? []].flat().map(linesOf);
    if (request.idempotency_key === "new") {
        before.push([`pm.collectionVariables.set("idempotency_key", pm.variables.replaceIn("{{$guid}}"));`]);
    }
    const after = [
        ...expected(request),
        ...Object.entries(request.tests ?? {}).flatMap(([name, code]) => assertion(name, linesOf(code))),
        ...Object.entries(request.keep ?? {}).map(([variable, value]) => kept(variable, value)),
    ];
    return events(before.flatMap((lines, index) => (index === 0 ? lines : ["", ...lines])), after);
}

function events(prerequest, test) {
    return Object.entries({ prerequest, test })
        .filter(([, exec]) => exec.length > 0)
        .map(([listen, exec]) => ({ listen, script: { type: "text/javascript", exec } }));
}

// JSON as one would type it: short objects in lists on a line each, and ids as the numbers that they are.
function json(body) {
    return JSON.stringify(body, null, 4)
        .replace(/^( +)\{\n((?:\1 {4}".*[^{[]\n)+)\1\}/gm, (_, indentation, members) => {
            return `${indentation}{ ${members.trim().replace(/\n +/g, " ")} }`;
        })
        .replace(/"(\{\{\w+_id\}\})"/g, "$1");
}

function bearer(token) {
    return { type: "bearer", bearer: [{ key: "token", value: `{{${token}}}`, type: "string" }] };
}

function url(target) {
    const [path, query] = target.split("?");
    return {
        raw: `{{base_url}}${target}`,
        host: ["{{base_url}}"],
        path: path.slice(1).split("/"),
        query: query?.split("&").map((pair) => {
            const [, key, value] = /^([^=]*)=(.*)$/.exec(pair);
            return { key, value };
        }),
    };
}

function sent(request) {
    const method = METHODS.find((name) => name in request);
    const { as, body } = request;
    const headers = {
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...(request.idempotency_key ? { "Idempotency-Key": "{{idempotency_key}}" } : {}),
        ...request.headers,
    };
    const language = headers["Content-Type"] === "application/json" ? "json" : "text";
    // JSON.stringify leaves out what is undefined.
    return {
        method,
        header: Object.entries(headers).map(([key, value]) => ({ key, value })),
        auth: as === "nobody" ? { type: "noauth" } : as && bearer(`${as}_token`),
        body: body === undefined ? undefined : {
            mode: "raw",
            raw: typeof body === "string" ? body : json(body),
            options: { raw: { language } },
        },
        url: url(request[method]),
        description: request.description,
    };
}

function folders(collection, requests) {
    const seen = new Set();
    const item = [];
    for (const { folder, ...rest } of requests) {
        const path = folder ?? `${item.at(-1).name} / ${rest.name}`;
        const unknown = folder ? [] : Object.keys(rest).filter((field) => !FIELDS.includes(field));
        const wrong =
            (seen.has(path) && "appears twice") ||
            (unknown.length > 0 && `has no field ${unknown.join(", ")}`) ||
            (!folder && METHODS.filter((name) => name in rest).length !== 1 && "needs one method") ||
            (!folder && !(rest.status in STATUS_CODES) && "needs the expected status");
        if (wrong) {
            throw new Error(`${collection.name} / ${path} ${wrong}.`);
        }
        seen.add(path);
        const id = uuid(collection.id, path);
        if (folder) {
            item.push({ id, name: folder, description: rest.description, item: [] });
        } else {
            item.at(-1).item.push({ id, name: rest.name, event: scripts(rest), request: sent(rest), response: [] });
        }
    }
    return item;
}

// A misspelt variable would be sent as it is written, so each must be described, and each that is described be used.
function checkVariables(name, described, text) {
    const uses = [...text.matchAll(/\{\{(\w+)\}\}|collectionVariables\.[gs]et\(\\"(\w+)/g)];
    const used = new Set(uses.map(([, inText, inScript]) => inText ?? inScript));
    ["base_url", "staff_username", "staff_password"].forEach((ofEnvironment) => used.delete(ofEnvironment));
    const odd = [...used, ...described].filter((variable) => !used.has(variable) || !described.includes(variable));
    if (odd.length > 0) {
        throw new Error(`${name}: used or described, but not both: ${odd.join(", ")}.`);
    }
}

function build({ collection, requests }) {
    const [about, ...notes] = collection.description.split("\n\n");
    const variables = Object.entries({ ...common.variables, ...collection.variables });
    const built = {
        info: {
            _postman_id: collection.id,
            name: collection.name,
            description: [about, common.description, ...notes].join("\n\n"),
            schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
        },
        auth: bearer("staff_token"),
        event: events(linesOf(common.before), linesOf(common.after)),
        variable: variables.map(([key, description]) => {
            return { key, value: key === "run" ? "by-hand" : "", type: "string", description };
        }),
        item: folders(collection, requests),
    };
    checkVariables(collection.name, variables.map(([key]) => key), JSON.stringify([built.event, built.item]));
    return built;
}

const files = new Map();
for (const source of sources) {
    const module = await import(new URL(`../../${source}`, import.meta.url));
    const text = `${JSON.stringify(build(module), null, "\t")}\n`;
    files.set(`postman/${module.collection.name}.postman_collection.json`, text);
}
// In the form of sha256sum, by which cargo test sees without Node that a source was changed and not built.
const sum = (text) => createHash("sha256").update(text).digest("hex");
const read = (file) => readFileSync(root + file, "utf8");
const inputs = ["tests/postman/build.mjs", "tests/postman/shared.mjs", ...sources].map((file) => [file, read(file)]);
files.set(sums, [...inputs, ...files].map(([file, text]) => `${sum(text)}  ${file}\n`).join(""));

for (const [file, text] of files) {
    if (!process.argv.includes("--check")) {
        writeFileSync(root + file, text);
    } else if (!existsSync(root + file) || read(file) !== text) {
        console.error(`${file} is stale: run node tests/postman/build.mjs`);
        process.exitCode = 1;
    }
}
