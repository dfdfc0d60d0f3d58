// What the collections share: their scripts, their first and last request, and the assertions that many requests make.
// A function here is never called: build.mjs writes its text into the collections, where `pm` is Postman's.

export const common = {
    description: `Choose the environment **Storekeeper** and fill in \`base_url\`, \`staff_username\` and \
\`staff_password\`. Then run the whole collection, or send the requests one by one from the top: later ones use what \
earlier ones have made.

The collection logs in by itself, makes its own data under new names, and removes it again in the last folder. It can \
be run alone, together with the others in any order, again at any time, and against a shop with data in it: it looks \
at nothing but its own things.`,

    variables: {
        run: "The text that is part of every name of this run. Made by the first request.",
        staff_token: "The staff session. Made by the collection's pre-request script.",
        staff_token_of: "To which account at which shop the staff session belongs.",
    },

    before: () => {
        // Logs in as staff once and keeps the token, until another shop or account is chosen in the environment.
        const account = `${pm.environment.get("staff_username")} at ${pm.environment.get("base_url")}`;
        if (!pm.collectionVariables.get("staff_token") || pm.collectionVariables.get("staff_token_of") !== account) {
            const login = {
                url: `${pm.environment.get("base_url")}/sessions`,
                method: "POST",
                header: { "Content-Type": "application/json" },
                body: {
                    mode: "raw",
                    raw: JSON.stringify({
                        username: pm.environment.get("staff_username"),
                        password: pm.environment.get("staff_password"),
                    }),
                },
            };
            pm.sendRequest(login, (error, response) => {
                const token = !error && response.code === 201 ? response.json().token : "";
                pm.test("Staff are logged in with the username and password of the environment", () => {
                    pm.expect(error, "the shop does not answer at base_url").to.be.null;
                    pm.expect(response.code, response.text()).to.eql(201);
                });
                pm.collectionVariables.set("staff_token", token);
                pm.collectionVariables.set("staff_token_of", account);
                if (!token) {
                    // Going on would only fail again with each request, and many failed logins are slowed down.
                    pm.execution.setNextRequest(null);
                }
            });
        }
    },

    after: () => {
        // What every answer has in common. What is special about one is written with its request.
        const header = (name) => pm.response.headers.get(name);
        pm.test("The answer has a request id, and nobody may guess its type or keep it unasked", () => {
            pm.expect(header("X-Request-Id")).to.match(/^[A-Za-z0-9._-]{1,64}$/);
            pm.expect(header("X-Content-Type-Options")).to.eql("nosniff");
            pm.expect(header("Cache-Control")).to.be.oneOf(["no-store", "no-cache"]);
        });
        if (pm.response.code >= 400 && pm.request.method !== "HEAD") {
            pm.test("The refusal tells a program its code and a person what to do next", () => {
                pm.expect(header("Content-Type")).to.eql("application/problem+json");
                const problem = pm.response.json();
                pm.expect(problem.type).to.eql(`urn:storekeeper:problem:${problem.code}`);
                pm.expect(problem.status).to.eql(pm.response.code);
                pm.expect(problem.title).to.be.a("string").that.is.not.empty;
                pm.expect(problem.detail).to.be.a("string").that.is.not.empty;
                pm.expect(problem.errors).to.be.an("array");
                pm.expect(problem.request_id).to.eql(header("X-Request-Id"));
            });
        }
        if ([200, 201].includes(pm.response.code) && !header("Content-Type").startsWith("text/")) {
            pm.test("The answer is JSON in UTF-8", () => {
                pm.expect(header("Content-Type")).to.eql("application/json; charset=utf-8");
            });
        }
    },
};

export const begin = {
    name: "The shop is ready",
    description:
        "Begins a run: asks whether the service and its database are ready, and chooses the text `run` that is part " +
        "of every name of this run. Start here before you send single requests.",
    GET: "/readyz",
    as: "nobody",
    before: () => {
        // This run names what it makes with a text of its own, so it never meets the data of another run or shop.
        const random = Math.random().toString(36).slice(2, 8);
        pm.collectionVariables.set("run", `${Date.now().toString(36)}-${random}`);
    },
    status: 200,
    tests: { "The shop is ready": () => pm.expect(pm.response.json()).to.eql({ status: "ready" }) },
};

export const noBody = { "There is no body": () => pm.expect(pm.response.text()).to.eql("") };

export const end = {
    name: "Staff log out",
    description:
        "Ends the session that the collection's script has opened. The next request of this collection logs in again.",
    DELETE: "/sessions/current",
    status: 204,
    tests: noBody,
    keep: { staff_token: () => "" },
};

// The request's `keep: { x: etag }` keeps the ETag in the variable x.
export const etag = () => pm.response.headers.get("ETag");

// What follows is for `tests`: what has a name already is spread into them (...replayed), and the rest is given one
// there ("It is cancelled": statusIs("cancelled")).

export const replayed = {
    "It is the stored answer, and says so": () =>
        pm.expect(pm.response.headers.get("Idempotency-Replayed")).to.eql("true"),
};

export const bearerWanted = {
    "It asks for a Bearer token": () => pm.expect(pm.response.headers.get("WWW-Authenticate")).to.eql("Bearer"),
};

export const emptyList = { "The list is empty": () => pm.expect(pm.response.json()).to.eql({ data: [], next: null }) };

// Where something is to be filled in, it is not a function's text but the lines themselves.
const kept = (variable) => `pm.collectionVariables.get("${variable}")`;
const id = (variable) => `Number(${kept(variable)})`;

// The Location of what was made: below this path, under its id.
export const located = (path) => ({
    "Location names it": [
        `pm.expect(pm.response.headers.get("Location")).to.eql("${path}/" + pm.response.json().id);`,
    ],
});

export const hasEtag = {
    "It has an ETag": () => pm.expect(pm.response.headers.get("ETag")).to.match(/^"[0-9a-f]+"$/),
};

export const allow = (methods) => [`pm.expect(pm.response.headers.get("Allow")).to.eql("${methods}");`];

export const header = (name, value) => [`pm.expect(pm.response.headers.get("${name}")).to.eql("${value}");`];

export const etagIs = (variable) => [`pm.expect(pm.response.headers.get("ETag")).to.eql(${kept(variable)});`];

export const etagIsNot = (variable) => [`pm.expect(pm.response.headers.get("ETag")).to.not.eql(${kept(variable)});`];

export const etagAndNoBody = (variable) => ({
    "There is the ETag and no body": [...etagIs(variable), `pm.expect(pm.response.text()).to.eql("");`],
});

export const statusIs = (status) => [`pm.expect(pm.response.json().status).to.eql("${status}");`];

// The field of the response (its id when none is named) is the id that a variable keeps.
export const idIs = (variable, field = "id") => [`pm.expect(pm.response.json().${field}).to.eql(${id(variable)});`];

// A list of exactly the rows whose ids these variables keep, in their order.
export const rows = (...variables) => [
    "const page = pm.response.json();",
    "pm.expect(page.data.map((row) => row.id)).to.eql([",
    ...variables.map((variable) => `    ${id(variable)},`),
    "]);",
];
// The same as a page with another after it, or as the last one.
export const firstPage = (...variables) => [...rows(...variables), `pm.expect(page.next).to.be.a("string");`];
export const lastPage = (...variables) => [...rows(...variables), "pm.expect(page.next).to.be.null;"];
