// Runs the Postman collections, unless they are stale, against the shop at BASE_URL as staff STAFF_USERNAME, whose
// password is the first line of the file STAFF_PASSWORD_FILE: each alone, then all in reverse order, then each twice in
// a row.
"use strict";

const { spawnSync } = require("child_process");
const fs = require("fs");
const path = require("path");
const newman = require("newman");

const folder = path.join(__dirname, "../../postman");
const collections = ["Customer Management", "Product Management", "Order Management", "Bonus Features"];

function setting(name) {
    if (!process.env[name]) {
        console.error(`${name} must be set; scripts/private-shop sets it.`);
        process.exit(2);
    }
    return process.env[name];
}

const environment = JSON.parse(fs.readFileSync(path.join(folder, "Storekeeper.postman_environment.json"), "utf8"));
const values = {
    base_url: setting("BASE_URL"),
    staff_username: setting("STAFF_USERNAME"),
    staff_password: fs.readFileSync(setting("STAFF_PASSWORD_FILE"), "utf8").split("\n")[0],
};
for (const variable of environment.values) {
    variable.value = values[variable.key];
}

// Runs one collection and prints a line about it, and a block for every failure.
function run(name, iterationCount) {
    const collection = path.join(folder, `${name}.postman_collection.json`);
    // A request that is never answered must not hold up the tests.
    const options = { collection, environment, iterationCount, timeoutRequest: 30000, color: "off" };
    return new Promise((resolve, reject) => {
        newman.run(options, (error, summary) => {
            if (error) {
                return reject(error);
            }
            const { stats, timings, failures, executions } = summary.run;
            const seconds = ((timings.completed - timings.started) / 1000).toFixed(1);
            const times = iterationCount === 1 ? "" : ` (${iterationCount} times)`;
            console.log(
                `${name}${times}: ${stats.requests.total} requests, ${stats.assertions.total} assertions, ` +
                    `${failures.length} failed, ${seconds} s`
            );
            for (const { source, error: cause, at } of failures) {
                const { request, response } = executions.find((execution) => execution.item.id === source?.id) ?? {};
                console.log(`\n  ${source?.name ?? name} (${at})`);
                console.log(`    ${cause.test ?? cause.name}: ${cause.message}`);
                if (request) {
                    console.log(`    ${request.method} ${request.url} ${request.body ?? ""}`);
                }
                if (response) {
                    console.log(`    ${response.code} ${response.status}\n    ${response.text()}`);
                }
            }
            // A run that was cut short must not pass for a whole one.
            const expected = count(JSON.parse(fs.readFileSync(collection, "utf8"))) * iterationCount;
            const missing = expected - stats.items.total;
            if (missing > 0) {
                console.log(`  ${missing} requests were not sent.`);
            }
            resolve(failures.length + Math.max(missing, 0));
        });
    });
}

function count(folderOrRequest) {
    return folderOrRequest.item ? folderOrRequest.item.reduce((sum, item) => sum + count(item), 0) : 1;
}

async function main() {
    const check = spawnSync(process.execPath, [path.join(__dirname, "build.mjs"), "--check"], { stdio: "inherit" });
    if (check.status !== 0) {
        process.exitCode = 1;
        return;
    }
    // Names on the command line choose collections, for whoever works on one.
    const chosen = process.argv.length > 2 ? process.argv.slice(2) : collections;
    let failed = 0;
    for (const name of chosen) {
        failed += await run(name, 1);
    }
    if (chosen === collections) {
        for (const name of [...collections].reverse()) {
            failed += await run(name, 1);
        }
        for (const name of collections) {
            failed += await run(name, 2);
        }
    }
    process.exitCode = failed === 0 ? 0 : 1;
}

main().catch((error) => {
    console.error(error);
    process.exitCode = 1;
});
