import {
    allow,
    bearerWanted,
    begin,
    emptyList,
    end,
    etag,
    etagAndNoBody,
    etagIs,
    etagIsNot,
    firstPage,
    hasEtag,
    idIs,
    lastPage,
    located,
    noBody,
    replayed,
} from "../shared.mjs";

export const collection = {
    id: "952ca490-40cc-5a54-b350-0a2b5d70d491",
    name: "Customer Management",
    description: `Customers sign up, log in and out, read and change what is theirs, add an account, and leave. \
Staff find and help them.

Two requests log in with a wrong password on purpose. After fifty failed logins from one address \
within 15 minutes the shop slows that address down (429), so do not run this collection more than about twenty \
times in a row.`,
    variables: {
        customer_password: "The password of this run's customers.",
        guest_id: "A customer who signed up without an account, and their session.",
        guest_token: "The session of the guest's sign-up.",
        guest_account_id: "The account that the guest adds later.",
        ada_id: "A customer who signed up with an account.",
        ada_account_id: "Ada's account.",
        ada_token: "The session of Ada's sign-up.",
        ada_login_token: "A second session of Ada's, from logging in.",
        lost_session_id: "A session of Ada's that she ends from another one.",
        lost_token: "The token of that session.",
        ada_etag: "The ETag of Ada as last read.",
        old_etag: "An ETag from before a change.",
        entered_id: "A customer whom staff have entered.",
        entered_account_id: "The account that staff made for that customer.",
        next_cursor: "Where the next page of a list starts.",
        idempotency_key: "The key of the request that is retried.",
        wrong_password_detail: "What a wrong password is told, to compare with an unknown username.",
        filler: "70,000 characters, more than a body may have.",
    },
};

export const requests = [
    { folder: "Before", description: "Begins the run." },
    {
        ...begin,
        before: [
            begin.before,
            () => pm.collectionVariables.set("customer_password", `correct horse ${pm.collectionVariables.get("run")}`),
        ],
    },
    {
        folder: "Signing up",
        description: "Anyone may sign up and gets a session at once: as a guest, or with an account.",
    },
    {
        name: "A guest signs up and is logged in",
        description:
            "Open to anyone. The answer carries `session`, so a guest can order at once and add an account later.",
        POST: "/customers",
        as: "nobody",
        body: { name: "Grace Hopper {{run}}", email: "grace.{{run}}@example.com", phone: "+49 30 123456" },
        status: 201,
        tests: {
            ...located("/customers"),
            "The customer is as sent, without an account": (guest) => {
                pm.expect(guest.name).to.eql(`Grace Hopper ${pm.collectionVariables.get("run")}`);
                pm.expect(guest.email).to.eql(`grace.${pm.collectionVariables.get("run")}@example.com`);
                pm.expect(guest.phone).to.eql("+49 30 123456");
                pm.expect(guest.account_id).to.be.null;
                pm.expect(guest.created_at).to.match(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
            },
            "There is a session with a token and an end": (guest) => {
                pm.expect(guest.session.token).to.match(/^[0-9a-f]{64}$/);
                pm.expect(Date.parse(guest.session.expires_at)).to.be.above(Date.now());
            },
        },
        keep: { guest_id: "id", guest_token: "session.token" },
    },
    {
        name: "A customer signs up with an account",
        description: "With `account` in the body the customer and the account are made at once.",
        POST: "/customers",
        as: "nobody",
        body: {
            name: "Ada Lovelace {{run}}",
            email: "ada.{{run}}@example.com",
            phone: "+44 20 123456",
            account: { username: "ada-{{run}}", password: "{{customer_password}}" },
        },
        status: 201,
        tests: {
            "The customer has an account and a session, and the password is not shown": (ada) => {
                pm.expect(ada.account_id).to.be.a("number");
                pm.expect(ada.session.token).to.be.a("string");
                pm.expect(pm.response.text()).not.to.include(pm.collectionVariables.get("customer_password"));
            },
        },
        keep: { ada_id: "id", ada_account_id: "account_id", ada_token: "session.token" },
    },
    {
        name: "A username that is taken, in other letters",
        description:
            "Usernames are unique whatever the case of their letters. Neither the customer nor the account is kept.",
        POST: "/customers",
        as: "nobody",
        body: {
            name: "Ada Byron {{run}}",
            email: "byron.{{run}}@example.com",
            phone: "+44 20 123456",
            account: { username: "ADA-{{run}}", password: "{{customer_password}}" },
        },
        status: 409,
        code: "username_taken",
        tests: {
            "The field is named": () => {
                pm.expect(pm.response.json().errors).to.have.lengthOf(1);
                pm.expect(pm.response.json().errors[0]).to.include({ field: "account.username", code: "taken" });
            },
        },
    },
    {
        name: "Every bad field is named at once",
        description:
            "A form can show all mistakes after one request: bad values, missing fields, and fields that do not " +
            "exist.",
        POST: "/customers",
        as: "nobody",
        body: { name: "   ", email: "not an address", vip: true },
        status: 422,
        fields: ["name: blank", "email: invalid_email", "phone: required", "vip: unknown_field"],
    },
    {
        name: "Passwords that are refused",
        description: "A password has 8 to 256 characters, is none of those that are tried first, and not the username.",
        POST: "/customers",
        as: "nobody",
        body: {
            name: "Ada Byron {{run}}",
            email: "byron.{{run}}@example.com",
            phone: "+44 20 123456",
            account: { username: "byron-{{run}}", password: "Password1" },
        },
        status: 422,
        fields: ["account.password: common_password"],
    },
    {
        name: "The username as the password",
        description: "Also in other letters.",
        POST: "/customers",
        as: "nobody",
        body: {
            name: "Ada Byron {{run}}",
            email: "byron.{{run}}@example.com",
            phone: "+44 20 123456",
            account: { username: "byron-{{run}}", password: "BYRON-{{run}}" },
        },
        status: 422,
        fields: ["account.password: password_is_username"],
    },
    {
        name: "A body that is not JSON",
        description: "The detail says where the JSON breaks.",
        POST: "/customers",
        as: "nobody",
        body: '{"name": "Ada Lovelace",',
        status: 400,
        code: "malformed_json",
        tests: { "The place is named": () => pm.expect(pm.response.json().detail).to.match(/line \d+ column \d+/) },
    },
    {
        name: "A key that appears twice",
        description: "Which of the two was meant? The shop does not guess.",
        POST: "/customers",
        as: "nobody",
        body: '{"name": "Ada", "name": "Grace", "email": "ada@example.com", "phone": "+44 20 123456"}',
        status: 400,
        code: "duplicate_key",
    },
    {
        name: "A body of another type than JSON",
        description: "Bodies are `application/json`, whatever they look like.",
        POST: "/customers",
        as: "nobody",
        headers: { "Content-Type": "text/plain" },
        body: '{"name": "Ada", "email": "ada@example.com", "phone": "+44 20 123456"}',
        status: 415,
        code: "unsupported_media_type",
    },
    {
        name: "A body over 64 KiB",
        description: "Bodies have at most 64 KiB.",
        POST: "/customers",
        as: "nobody",
        body: '{"name": "{{filler}}", "email": "ada@example.com", "phone": "+44 20 123456"}',
        before: () => pm.collectionVariables.set("filler", "x".repeat(70000)),
        status: 413,
        code: "body_too_large",
    },
    {
        name: "Staff enter a customer",
        description:
            "Staff may do it for somebody at the counter. No session is opened, so the answer can be kept under an " +
            "`Idempotency-Key` and a retry enters nobody twice.",
        POST: "/customers",
        idempotency_key: "new",
        body: { name: "Alan Turing {{run}}", email: "alan.{{run}}@example.com", phone: "(0161) 123 456" },
        status: 201,
        tests: {
            ...located("/customers"),
            ...hasEtag,
            "There is no session": () => pm.expect(pm.response.json()).not.to.have.property("session"),
        },
        keep: { entered_id: "id" },
    },
    {
        name: "The same request again makes nobody twice",
        description: "The same key and the same request: the answer of the first time.",
        POST: "/customers",
        idempotency_key: "same",
        body: { name: "Alan Turing {{run}}", email: "alan.{{run}}@example.com", phone: "(0161) 123 456" },
        status: 201,
        tests: {
            ...replayed,
            "It is the same customer": idIs("entered_id"),
        },
    },
    {
        name: "The key of another request",
        description: "A key names one request. With another body it is a mistake of the caller.",
        POST: "/customers",
        idempotency_key: "same",
        body: { name: "Somebody Else {{run}}", email: "else.{{run}}@example.com", phone: "(0161) 123 456" },
        status: 422,
        code: "idempotency_key_reused",
    },
    {
        name: "A key with blanks in it",
        description: "A key has 1 to 255 visible ASCII characters.",
        POST: "/customers",
        headers: { "Idempotency-Key": "two words" },
        body: { name: "Somebody Else {{run}}", email: "else.{{run}}@example.com", phone: "(0161) 123 456" },
        status: 400,
        code: "invalid_idempotency_key",
    },
    { folder: "Logging in and out", description: "A session is a token, sent as `Authorization: Bearer`." },
    {
        name: "Log in",
        description: "Username and password for a token. The case of the username's letters does not matter.",
        POST: "/sessions",
        as: "nobody",
        body: { username: "Ada-{{run}}", password: "{{customer_password}}" },
        status: 201,
        tests: {
            "There is a token with an end, and it says whose it is": (session) => {
                pm.expect(pm.response.headers.get("Location")).to.eql("/sessions/current");
                pm.expect(session.token).to.match(/^[0-9a-f]{64}$/);
                pm.expect(Date.parse(session.expires_at)).to.be.above(Date.now());
                pm.expect(session.caller).to.eql("customer");
                pm.expect(session.customer_id).to.eql(Number(pm.collectionVariables.get("ada_id")));
                pm.expect(session.username).to.eql(`ada-${pm.collectionVariables.get("run")}`);
            },
        },
        keep: { ada_login_token: "token" },
    },
    {
        name: "A wrong password",
        description: "The answer does not tell which of the two is wrong.",
        POST: "/sessions",
        as: "nobody",
        body: { username: "ada-{{run}}", password: "not the password of Ada" },
        status: 401,
        code: "wrong_credentials",
        tests: bearerWanted,
        keep: { wrong_password_detail: "detail" },
    },
    {
        name: "An unknown username gets the same answer",
        description: "So nobody learns which usernames exist.",
        POST: "/sessions",
        as: "nobody",
        body: { username: "nobody-{{run}}", password: "not the password of Ada" },
        status: 401,
        code: "wrong_credentials",
        tests: {
            "It is told the same as a wrong password": () =>
                pm.expect(pm.response.json().detail).to.eql(pm.collectionVariables.get("wrong_password_detail")),
        },
    },
    {
        name: "A login without a password",
        description: "Both fields are needed.",
        POST: "/sessions",
        as: "nobody",
        body: { username: "ada-{{run}}" },
        status: 422,
        fields: ["password: required"],
    },
    {
        name: "Who is logged in",
        description: "What the session knows about its caller. The token itself is never shown again.",
        GET: "/sessions/current",
        as: "ada_login",
        status: 200,
        tests: {
            "It is Ada": (session) => {
                pm.expect(session.caller).to.eql("customer");
                pm.expect(session.customer_id).to.eql(Number(pm.collectionVariables.get("ada_id")));
                pm.expect(session.account_id).to.eql(Number(pm.collectionVariables.get("ada_account_id")));
                pm.expect(session).not.to.have.property("token");
            },
        },
    },
    {
        name: "Where Ada is logged in",
        description: "Her sessions that have not ended, each with an id that is no secret.",
        GET: "/sessions",
        as: "ada",
        status: 200,
        tests: {
            "One of the two is the one that asks": (page) => {
                pm.expect(page.data).to.have.lengthOf(2);
                pm.expect(page.data.filter((session) => session.current)).to.have.lengthOf(1);
            },
        },
    },
    {
        name: "A third session",
        description: "Ada logs in on a telephone that she will lose.",
        POST: "/sessions",
        as: "nobody",
        body: { username: "ada-{{run}}", password: "{{customer_password}}" },
        status: 201,
        keep: { lost_session_id: "id", lost_token: "token" },
    },
    {
        name: "One session",
        description: "With when it was last used.",
        GET: "/sessions/{{lost_session_id}}",
        as: "ada",
        status: 200,
        tests: { "It is not the one that asks": () => pm.expect(pm.response.json().current).to.eql(false) },
    },
    {
        name: "The lost one is ended",
        description: "From any other session of the same customer.",
        DELETE: "/sessions/{{lost_session_id}}",
        as: "ada",
        status: 204,
        tests: noBody,
    },
    {
        name: "Its token is worth nothing",
        description: "Whoever finds the telephone is not Ada.",
        GET: "/sessions/current",
        as: "lost",
        status: 401,
        code: "unauthenticated",
    },
    {
        name: "Log out",
        description: "Ends this session. Others of the same account go on.",
        DELETE: "/sessions/current",
        as: "ada_login",
        status: 204,
    },
    {
        name: "A token that has ended",
        description: "After logging out the token is worth nothing.",
        GET: "/sessions/current",
        as: "ada_login",
        status: 401,
        code: "unauthenticated",
        tests: bearerWanted,
    },
    {
        name: "No token at all",
        description: "The detail says how to log in.",
        GET: "/sessions/current",
        as: "nobody",
        status: 401,
        code: "unauthenticated",
        tests: { "It says how to log in": () => pm.expect(pm.response.json().detail).to.include("POST /sessions") },
    },
    {
        name: "The session of the sign-up goes on",
        description: "Logging out has ended the other session only.",
        GET: "/sessions/current",
        as: "ada",
        status: 200,
        tests: { "It is Ada": idIs("ada_id", "customer_id") },
    },
    {
        name: "Staff are staff",
        description: "A staff account belongs to no customer.",
        GET: "/sessions/current",
        status: 200,
        tests: {
            "It is staff": (session) => {
                pm.expect(session.caller).to.eql("staff");
                pm.expect(session.customer_id).to.be.null;
                pm.expect(session.username.toLowerCase()).to.eql(pm.environment.get("staff_username").toLowerCase());
            },
        },
    },
    {
        folder: "Reading and changing customers",
        description:
            "Customers reach themselves only; staff reach all. What is somebody else's answers 404, as if it did not " +
            "exist.",
    },
    {
        name: "A customer reads themselves",
        description: "The answer carries an `ETag` for the requests below.",
        GET: "/customers/{{ada_id}}",
        as: "ada",
        status: 200,
        tests: {
            ...hasEtag,
            "It is Ada": (ada) => {
                pm.expect(ada.id).to.eql(Number(pm.collectionVariables.get("ada_id")));
                pm.expect(ada.account_id).to.eql(Number(pm.collectionVariables.get("ada_account_id")));
                const keys = ["id", "name", "email", "phone", "account_id", "created_at", "updated_at"];
                pm.expect(ada).to.have.all.keys(keys);
            },
        },
        keep: { ada_etag: etag },
    },
    {
        name: "Nothing has changed since",
        description: "With `If-None-Match` an unchanged customer is not sent again.",
        GET: "/customers/{{ada_id}}",
        as: "ada",
        headers: { "If-None-Match": "{{ada_etag}}" },
        status: 304,
        tests: etagAndNoBody("ada_etag"),
    },
    {
        name: "The headers alone",
        description: "`HEAD` works wherever `GET` does.",
        HEAD: "/customers/{{ada_id}}",
        as: "ada",
        status: 200,
        tests: etagAndNoBody("ada_etag"),
    },
    {
        name: "Replace a customer that nobody else has changed",
        description: "`PUT` replaces all fields. With `If-Match` it is refused when somebody else was faster.",
        PUT: "/customers/{{ada_id}}",
        as: "ada",
        headers: { "If-Match": "{{ada_etag}}" },
        body: { name: "Ada King {{run}}", email: "king.{{run}}@example.com", phone: "+44 20 654321" },
        status: 200,
        tests: {
            "All fields are new": (ada) => {
                pm.expect(ada.name).to.eql(`Ada King ${pm.collectionVariables.get("run")}`);
                pm.expect(ada.email).to.eql(`king.${pm.collectionVariables.get("run")}@example.com`);
                pm.expect(ada.phone).to.eql("+44 20 654321");
            },
            "So is the ETag": etagIsNot("ada_etag"),
        },
        keep: { old_etag: () => pm.collectionVariables.get("ada_etag"), ada_etag: etag },
    },
    {
        name: "A change to a customer that has changed since",
        description:
            "The `ETag` is the one from before the change above, so this change would overwrite something unseen.",
        PATCH: "/customers/{{ada_id}}",
        as: "ada",
        headers: { "If-Match": "{{old_etag}}" },
        body: { phone: "+44 20 999999" },
        status: 412,
        code: "precondition_failed",
        tests: { "The current ETag is told": etagIs("ada_etag") },
    },
    {
        name: "Change one field",
        description: "`PATCH` changes what is named and keeps the rest.",
        PATCH: "/customers/{{ada_id}}",
        as: "ada",
        body: { phone: "555-0100" },
        status: 200,
        tests: {
            "Only the phone is new": (ada) => {
                pm.expect(ada.phone).to.eql("555-0100");
                pm.expect(ada.name).to.eql(`Ada King ${pm.collectionVariables.get("run")}`);
            },
        },
    },
    {
        name: "Replacing needs every field",
        description: "What `PUT` leaves out is missing, not kept.",
        PUT: "/customers/{{ada_id}}",
        as: "ada",
        body: { name: "Ada King {{run}}" },
        status: 422,
        fields: ["email: required", "phone: required"],
    },
    {
        name: "A field that cannot be cleared",
        description: "Null clears optional fields; a customer has none.",
        PATCH: "/customers/{{ada_id}}",
        as: "ada",
        body: { name: null },
        status: 422,
        fields: ["name: required"],
    },
    {
        name: "All that is kept of her",
        description: "As a file of one moment: who she is, her account, where she is logged in, and her orders.",
        GET: "/export",
        as: "ada",
        status: 200,
        tests: {
            "It is hers": (all) => {
                pm.expect(all.customer.id).to.eql(pm.collectionVariables.get("ada_id") * 1);
                pm.expect(all.account.id).to.eql(all.customer.account_id);
            },
        },
    },
    {
        name: "Somebody else's data",
        description: "Ada asks for the guest, and learns not even that the guest exists.",
        GET: "/customers/{{guest_id}}",
        as: "ada",
        status: 404,
        code: "not_found",
    },
    {
        name: "Changing somebody else",
        description: "The same for changes.",
        PATCH: "/customers/{{guest_id}}",
        as: "ada",
        body: { name: "Mallory" },
        status: 404,
        code: "not_found",
    },
    {
        name: "Without a session",
        description: "Nobody reads a customer without logging in.",
        GET: "/customers/{{ada_id}}",
        as: "nobody",
        status: 401,
        code: "unauthenticated",
    },
    {
        name: "A token that was never one",
        description: "The same answer as without a token.",
        GET: "/customers/{{ada_id}}",
        as: "nobody",
        headers: { Authorization: "Bearer 0000" },
        status: 401,
        code: "unauthenticated",
    },
    {
        name: "No such customer",
        description: "For staff, who could see all.",
        GET: "/customers/9223372036854775807",
        status: 404,
        code: "not_found",
    },
    {
        name: "The list is for staff",
        description: "Customers do not see each other.",
        GET: "/customers",
        as: "ada",
        status: 403,
        code: "forbidden",
    },
    {
        name: "Staff find this run's customers, page by page",
        description: "`q` is looked for in name, e-mail and phone. `next` is the cursor of the next page.",
        GET: "/customers?q={{run}}&limit=2",
        status: 200,
        tests: { "There are two, and more to come": firstPage("guest_id", "ada_id") },
        keep: { next_cursor: "next" },
    },
    {
        name: "The next page",
        description: "The last page has `next: null`.",
        GET: "/customers?q={{run}}&limit=2&after={{next_cursor}}",
        status: 200,
        tests: { "There is one more and no other page": lastPage("entered_id") },
    },
    {
        name: "Parameters of a list that cannot be",
        description: "Query parameters are checked like fields of a body.",
        GET: "/customers?limit=0&after=here&colour=blue",
        status: 422,
        fields: ["limit: invalid_number", "after: invalid_cursor", "colour: unknown_field"],
    },
    {
        name: "A customer's orders",
        description: "Ada has none yet. Order Management shows more of this list.",
        GET: "/customers/{{ada_id}}/orders",
        as: "ada",
        status: 200,
        tests: emptyList,
    },
    {
        name: "Somebody else's orders",
        description: "They are not found, rather than empty.",
        GET: "/customers/{{guest_id}}/orders",
        as: "ada",
        status: 404,
        code: "not_found",
    },
    {
        name: "A method that is not for this path",
        description: "Nobody deletes all customers at once. `Allow` names the methods that there are.",
        DELETE: "/customers",
        status: 405,
        code: "method_not_allowed",
        tests: { "Allow names the others": allow("POST, GET, HEAD, OPTIONS") },
    },
    {
        name: "Which methods there are",
        description: "Needs no session.",
        OPTIONS: "/customers/{{ada_id}}",
        as: "nobody",
        status: 204,
        tests: { "Allow names them": allow("GET, PUT, PATCH, DELETE, HEAD, OPTIONS") },
    },
    {
        name: "A path that does not exist",
        description: "A slip of the pen gets JSON too.",
        GET: "/customer",
        as: "nobody",
        status: 404,
        code: "not_found",
    },
    { folder: "Accounts", description: "An account is a username and a password with which a customer logs in again." },
    {
        name: "The guest adds an account",
        description:
            "With the session of the sign-up. Nobody else, staff aside, can attach an account to that customer.",
        POST: "/customer_accounts",
        as: "guest",
        idempotency_key: "new",
        body: { username: "grace-{{run}}", password: "{{customer_password}}" },
        status: 201,
        tests: {
            ...located("/customer_accounts"),
            "The account shows its customer, never the password": (account) => {
                pm.expect(account.customer_id).to.eql(Number(pm.collectionVariables.get("guest_id")));
                pm.expect(account.customer.account_id).to.eql(account.id);
                pm.expect(pm.response.json()).not.to.have.any.keys("password", "password_hash");
                pm.expect(pm.response.text()).not.to.include(pm.collectionVariables.get("customer_password"));
            },
        },
        keep: { guest_account_id: "id" },
    },
    {
        name: "The same request again adds nothing",
        description: "A retry after a lost answer gets the answer.",
        POST: "/customer_accounts",
        as: "guest",
        idempotency_key: "same",
        body: { username: "grace-{{run}}", password: "{{customer_password}}" },
        status: 201,
        tests: {
            ...replayed,
            "It is the same account": idIs("guest_account_id"),
        },
    },
    {
        name: "A second account",
        description: "A customer has at most one.",
        POST: "/customer_accounts",
        as: "guest",
        body: { username: "hopper-{{run}}", password: "{{customer_password}}" },
        status: 409,
        code: "account_exists",
    },
    {
        name: "Bad usernames and passwords",
        description: "A username has 3 to 64 letters, digits or `._@+-`; a password 8 to 256 characters.",
        POST: "/customer_accounts",
        as: "guest",
        body: { username: "g h", password: "short" },
        status: 422,
        fields: ["username: invalid_username", "password: invalid_password_length"],
    },
    {
        name: "Staff must say for whom",
        description: "Staff have no customer of their own.",
        POST: "/customer_accounts",
        body: { username: "alan-{{run}}", password: "{{customer_password}}" },
        status: 422,
        fields: ["customer_id: required"],
    },
    {
        name: "Staff add an account for a customer",
        description: "For the customer whom they have entered.",
        POST: "/customer_accounts",
        body: { customer_id: "{{entered_id}}", username: "alan-{{run}}", password: "{{customer_password}}" },
        status: 201,
        tests: {
            "It is that customer's": (account) => {
                pm.expect(account.customer_id).to.eql(Number(pm.collectionVariables.get("entered_id")));
                pm.expect(account.username).to.eql(`alan-${pm.collectionVariables.get("run")}`);
            },
        },
        keep: { entered_account_id: "id" },
    },
    {
        name: "An account for somebody else",
        description: "Ada cannot take over another customer by giving them a password.",
        POST: "/customer_accounts",
        as: "ada",
        body: { customer_id: "{{entered_id}}", username: "mallory-{{run}}", password: "{{customer_password}}" },
        status: 404,
        code: "not_found",
    },
    {
        name: "An account without a session",
        description: "Sign up first.",
        POST: "/customer_accounts",
        as: "nobody",
        body: { username: "mallory-{{run}}", password: "{{customer_password}}" },
        status: 401,
        code: "unauthenticated",
    },
    {
        name: "Read an account with its customer",
        description: "With the customer inside.",
        GET: "/customer_accounts/{{ada_account_id}}",
        as: "ada",
        status: 200,
        tests: {
            "It is Ada's": (account) => {
                pm.expect(account.username).to.eql(`ada-${pm.collectionVariables.get("run")}`);
                pm.expect(account.customer.id).to.eql(Number(pm.collectionVariables.get("ada_id")));
                pm.expect(account.customer.phone).to.eql("555-0100");
            },
        },
        keep: { old_etag: etag },
    },
    {
        name: "Somebody else's account",
        description: "Not found, as if it did not exist.",
        GET: "/customer_accounts/{{guest_account_id}}",
        as: "ada",
        status: 404,
        code: "not_found",
    },
    {
        name: "Change the username",
        description: "The password stays, and so do the sessions.",
        PATCH: "/customer_accounts/{{ada_account_id}}",
        as: "ada",
        headers: { "If-Match": "{{old_etag}}" },
        body: { username: "king-{{run}}" },
        status: 200,
        tests: {
            "The username is new": () =>
                pm.expect(pm.response.json().username).to.eql(`king-${pm.collectionVariables.get("run")}`),
        },
    },
    {
        name: "A change with an old ETag",
        description: "The account has changed since the ETag was given.",
        PATCH: "/customer_accounts/{{ada_account_id}}",
        as: "ada",
        headers: { "If-Match": "{{old_etag}}" },
        body: { username: "queen-{{run}}" },
        status: 412,
        code: "precondition_failed",
    },
    {
        name: "A username that somebody else has",
        description: "The guest's.",
        PATCH: "/customer_accounts/{{ada_account_id}}",
        as: "ada",
        body: { username: "grace-{{run}}" },
        status: 409,
        code: "username_taken",
    },
    {
        name: "No username at all",
        description: "An account without one could not log in.",
        PATCH: "/customer_accounts/{{ada_account_id}}",
        as: "ada",
        body: { username: null },
        status: 422,
        fields: ["username: required"],
    },
    {
        name: "A second session, to see it end",
        description: "Ada logs in with the new username.",
        POST: "/sessions",
        as: "nobody",
        body: { username: "king-{{run}}", password: "{{customer_password}}" },
        status: 201,
        tests: {
            "The old username is gone": () =>
                pm.expect(pm.response.json().username).to.eql(`king-${pm.collectionVariables.get("run")}`),
        },
        keep: { ada_login_token: "token" },
    },
    {
        name: "A new password without the old one",
        description: "A session that was left open is no way to take the account over.",
        PATCH: "/customer_accounts/{{ada_account_id}}",
        as: "ada",
        body: { password: "a new {{customer_password}}" },
        status: 422,
        fields: ["current_password: required"],
    },
    {
        name: "Replace username and password",
        description: "A changed password asks for the old one, and ends all sessions but the one that asks.",
        PUT: "/customer_accounts/{{ada_account_id}}",
        as: "ada",
        body: {
            username: "ada-{{run}}",
            password: "a new {{customer_password}}",
            current_password: "{{customer_password}}",
        },
        status: 200,
        tests: {
            "The username is new": () =>
                pm.expect(pm.response.json().username).to.eql(`ada-${pm.collectionVariables.get("run")}`),
        },
    },
    {
        name: "The other session has ended",
        description: "Whoever knew the old password is out.",
        GET: "/sessions/current",
        as: "ada_login",
        status: 401,
        code: "unauthenticated",
    },
    {
        name: "The asking session goes on",
        description: "Ada need not log in again.",
        GET: "/sessions/current",
        as: "ada",
        status: 200,
        tests: { "It is Ada": idIs("ada_id", "customer_id") },
    },
    {
        name: "Log in with the new password",
        description: "It works from now on.",
        POST: "/sessions",
        as: "nobody",
        body: { username: "ada-{{run}}", password: "a new {{customer_password}}" },
        status: 201,
        tests: { "It is Ada's session": idIs("ada_id", "customer_id") },
        keep: { ada_login_token: "token" },
    },
    {
        name: "The list of accounts is for staff",
        description: "Customers do not see each other's usernames.",
        GET: "/customer_accounts",
        as: "ada",
        status: 403,
        code: "forbidden",
    },
    {
        name: "Staff find a customer's account",
        description: "By customer, or with `q` by username.",
        GET: "/customer_accounts?customer_id={{entered_id}}",
        status: 200,
        tests: { "There is one": lastPage("entered_account_id") },
    },
    {
        name: "A method that accounts do not have",
        description: "`Allow` names the methods that there are.",
        PUT: "/customer_accounts",
        body: {},
        status: 405,
        code: "method_not_allowed",
        tests: { "Allow names the others": allow("POST, GET, HEAD, OPTIONS") },
    },
    {
        name: "Delete an account",
        description: "The customer stays.",
        DELETE: "/customer_accounts/{{entered_account_id}}",
        status: 204,
    },
    {
        name: "The account is gone",
        description: "Also for staff.",
        GET: "/customer_accounts/{{entered_account_id}}",
        status: 404,
        code: "not_found",
    },
    {
        name: "Its customer is not",
        description: "Without an account again.",
        GET: "/customers/{{entered_id}}",
        status: 200,
        tests: { "There is no account": () => pm.expect(pm.response.json().account_id).to.be.null },
    },
    {
        folder: "Leaving",
        description:
            "Deleting customers removes what this run has made. Order Management shows what becomes of customers " +
            "with orders.",
    },
    {
        name: "Deleting somebody else",
        description: "Not found for Ada.",
        DELETE: "/customers/{{guest_id}}",
        as: "ada",
        status: 404,
        code: "not_found",
    },
    {
        name: "Deleting with an old ETag",
        description: "`If-Match` works for `DELETE` too.",
        DELETE: "/customers/{{ada_id}}",
        as: "ada",
        headers: { "If-Match": "{{old_etag}}" },
        status: 412,
        code: "precondition_failed",
    },
    {
        name: "A customer deletes themselves",
        description: "With the account and all sessions.",
        DELETE: "/customers/{{ada_id}}",
        as: "ada",
        status: 204,
        tests: noBody,
    },
    {
        name: "Their session has ended",
        description: "The token of somebody who is gone.",
        GET: "/customers/{{ada_id}}",
        as: "ada",
        status: 401,
        code: "unauthenticated",
    },
    {
        name: "They are gone for staff too",
        description: "Nothing is left to read.",
        GET: "/customers/{{ada_id}}",
        status: 404,
        code: "not_found",
    },
    {
        name: "Staff delete the guest",
        description: "Staff may delete any customer without orders under way.",
        DELETE: "/customers/{{guest_id}}",
        status: 204,
    },
    {
        name: "Staff delete the customer whom they entered",
        description: "The last of this run.",
        DELETE: "/customers/{{entered_id}}",
        status: 204,
    },
    {
        name: "Deleting again",
        description: "There is nobody left to delete.",
        DELETE: "/customers/{{entered_id}}",
        status: 404,
        code: "not_found",
    },
    {
        name: "Nothing of this run is left",
        description: "The shop is as it was.",
        GET: "/customers?q={{run}}",
        status: 200,
        tests: emptyList,
    },
    end,
];
