// A storefront on Storekeeper's API: a catalogue, a basket, an order as a guest, and where it is. No library, no build.
//
// From the top: what is kept in this browser, how the API is called, then a part for each view. Three rules hold in all of
// it. What people have written becomes text and never markup. An order is sent under an Idempotency-Key that is kept, with
// the order, before it is sent, so it is one order however often it is sent. And no secret stands in an address.

const API = document.querySelector("meta[name=storekeeper-api]").content;
const LANGUAGE = document.documentElement.lang;
const SHOP = document.title;

const $ = (id) => document.getElementById(id);

/// An element with its attributes and what is in it. Strings become text, whatever is in them.
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name === "press") element.addEventListener("click", value);
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/// For those who hear the page.
const say = (text) => ($("said").textContent = text);

function showAlert(...children) {
  $("alert").replaceChildren(...children);
  $("alert").hidden = false;
  $("alert").focus();
}

/// A row of a list whose parts stand side by side.
const line = (...parts) => make("li", null, make("div", { class: "line" }, ...parts));

// ---- Money and dates, written as the page's language has them

/// Prices are decimal texts, "14.50", which no floating-point number ever rounds.
const money = (price, currency) => new Intl.NumberFormat(LANGUAGE, { style: "currency", currency }).format(price);

const price = (price, currency) => make("span", { class: "price" }, money(price, currency));

/// What the rows come to, exactly, as the API writes it: all prices of a shop have the same decimals.
function totalOf(rows) {
  const decimals = rows[0].price.split(".")[1]?.length ?? 0;
  const minor = rows.reduce((sum, row) => sum + BigInt(row.price.replace(".", "")) * BigInt(row.quantity), 0n);
  const digits = String(minor).padStart(decimals + 1, "0");
  return decimals ? `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}` : digits;
}

/// A day such as "2026-03-05" is the shop's, whatever the zone of who reads it; a moment is told in the reader's own.
const day = (text) => new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "long", timeZone: "UTC" }).format(new Date(text));
const moment = (at) => new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium", timeStyle: "short" }).format(new Date(at));

// ---- What is kept in this browser: one entry, so that what belongs together is written together

const KEPT = "storefront";

/// basket: rows of {id, name, price, currency, quantity, was?}; `was` is the price before it changed.
/// guest: {id, token}, by whose session orders are placed and read.
/// details: what was typed last of name, e-mail, telephone and address.
/// attempt: {key, body, at, open}, an order as it is sent; open until its answer is known.
const nothing = () => ({ basket: [], guest: null, details: null, attempt: null });

function kept() {
  try {
    return { ...nothing(), ...JSON.parse(localStorage.getItem(KEPT)) };
  } catch {
    return nothing();
  }
}

/// Always from what is there now, which another window may have written.
function change(how, show = showBasket) {
  const now = kept();
  how(now);
  try {
    localStorage.setItem(KEPT, JSON.stringify(now));
  } catch {
    throw new Error("This browser keeps nothing for this page, so there can be no basket. Allow it to, and try again.");
  }
  show();
}

// ---- Calling the API

/// So long an answer may take.
const PATIENCE_MS = 20_000;
/// Between one try and the next: this long at first, then twice as long, until it would be longer than the last.
const PAUSE_S = 1;
const LAST_PAUSE_S = 4;
/// Who is told to wait for longer is told so.
const WAIT_S = 15;

/// There was no answer, or one that says to try again: what became of the request may be unknown.
class Unanswered extends Error {
  constructor(message, wait_s = 0) {
    super(message);
    this.wait_s = wait_s;
  }
}

/// The API said no, with a problem (RFC 9457): its `code` is for programs, `detail` and `errors` for people.
class Refused extends Error {
  constructor(problem) {
    super(problem.errors?.map(({ field, message }) => `${field} ${message}.`).join(" ") || problem.detail);
    this.problem = problem;
  }
}

async function call(method, path, { token, key, body } = {}) {
  const headers = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (key) headers["Idempotency-Key"] = key;
  if (body) headers["Content-Type"] = "application/json";
  let response, answer;
  try {
    response = await fetch(API + path, { method, headers, body, credentials: "omit", signal: AbortSignal.timeout(PATIENCE_MS) });
    answer = response.status === 204 ? null : await response.json();
  } catch {
    throw new Unanswered("The shop does not answer. Try again in a moment.");
  }
  if (response.ok) return answer;
  const isToTryAgain = response.status >= 500 || [408, 429].includes(response.status) || answer?.code === "idempotency_key_in_use";
  if (isToTryAgain) throw new Unanswered(answer.detail, Number(response.headers.get("Retry-After")) || 0);
  throw new Refused(answer);
}

/// The same again, until there is an answer or patience ends; for what does no harm when it is done twice: reading,
/// and what has a key.
async function insist(...request) {
  for (let pause_s = PAUSE_S; ; pause_s *= 2) {
    try {
      return await call(...request);
    } catch (error) {
      if (!(error instanceof Unanswered) || pause_s > LAST_PAUSE_S || error.wait_s > WAIT_S) throw error;
      // Not all browsers that were told to wait come back in the same instant.
      await new Promise((done) => setTimeout(done, 1000 * (Math.max(pause_s, error.wait_s) + Math.random() / 2)));
    }
  }
}

// ---- The catalogue

const PAGE = 24;
let wanted = {};
let next = null;
let searches = 0;

async function search(isMore) {
  const mine = ++searches;
  const query = new URLSearchParams({ ...wanted, limit: PAGE, ...(isMore && { after: next }) });
  const page = await insist("GET", `/products?${query}`);
  // Somebody may have looked for something else meanwhile.
  if (mine !== searches) return;
  const cards = page.data.map(card);
  if (isMore) $("products").append(...cards);
  else $("products").replaceChildren(...cards);
  next = page.next;
  $("more").hidden = next === null;
  $("nothing").hidden = $("products").childElementCount > 0;
  const found = cards.length === 1 ? "1 product" : `${cards.length} products`;
  say(cards.length === 0 ? "Nothing was found." : `${found}${isMore ? " more" : ""}.`);
  // Whoever pressed "More" goes on where the new ones begin.
  if (isMore) cards[0]?.querySelector("h2").focus();
}

function card(product) {
  const { id, name, description, image_urls: [image], currency, in_stock: isInStock } = product;
  const item = make("li");
  // An image beside its name says nothing more to those who hear the page.
  if (image?.startsWith("https:")) item.append(make("img", { src: image, alt: "", loading: "lazy" }));
  item.append(make("h2", { tabindex: -1 }, name));
  if (description?.length > 200) {
    item.append(make("details", null, make("summary", null, "About it"), make("p", { class: "about" }, description)));
  } else if (description) {
    item.append(make("p", { class: "about" }, description));
  }
  const buy = isInStock
    ? make("button", { type: "button", press: () => guarded(() => addToBasket(product)) },
      "Add to basket", make("span", { class: "unseen" }, ` ${name}`))
    : make("span", { class: "sold-out" }, "Sold out");
  item.append(make("div", { class: "buy" }, price(product.price, currency), buy));
  item.dataset.product = id;
  return item;
}

async function listCategories() {
  const { data } = await insist("GET", "/categories?limit=100");
  $("category").append(...data.map(({ category }) => make("option", { value: category }, category)));
}

// ---- The basket

/// The API takes no more in an order.
const ROWS = 100;
const QUANTITY = 100_000;

/// What was said of a product in the basket, by its id.
const notes = new Map();

function addToBasket({ id, name, price, currency }) {
  let quantity = 1;
  change(({ basket }) => {
    const row = basket.find((row) => row.id === id);
    if (!row && basket.length === ROWS) throw new Error(`A basket holds ${ROWS} different things. Order these first.`);
    if (row) quantity = row.quantity = Math.min(row.quantity + 1, QUANTITY);
    else basket.push({ id, name, price, currency, quantity });
  });
  say(`${name} is in your basket, ${quantity} of it.`);
}

/// Builds the view from what is kept. What is typed in the form, and where the keyboard is, stay.
function showBasket() {
  const { basket, attempt } = kept();
  $("sending").hidden = !attempt?.open;
  $("filled").hidden = attempt?.open || basket.length === 0;
  $("empty").hidden = attempt?.open || basket.length > 0;
  const focused = document.activeElement.id;
  $("rows").replaceChildren(...basket.map(basketRow));
  if (focused && document.activeElement.id !== focused) $(focused)?.focus();
  showTotals();
}

function showTotals() {
  const { basket } = kept();
  const units = basket.reduce((sum, row) => sum + row.quantity, 0);
  $("in-basket").textContent = units ? ` (${units})` : "";
  if (basket.length > 0) $("total").textContent = money(totalOf(basket), basket[0].currency);
  for (const row of basket) $(`total-${row.id}`).textContent = money(totalOf([row]), row.currency);
}

function basketRow({ id, name, currency, quantity, price, was }) {
  const count = make("input", { id: `quantity-${id}`, type: "number", inputmode: "numeric", min: 1, max: QUANTITY, value: quantity, required: "" });
  const isSound = () => count.value !== "" && count.checkValidity();
  // While it is typed nothing moves but the figures; what cannot be is set back once the field is left.
  count.addEventListener("input", () => isSound() && guarded(() => {
    change(({ basket }) => (basket.find((row) => row.id === id).quantity = count.valueAsNumber), showTotals);
    say(`${count.value} of ${name}. In all ${$("total").textContent}.`);
  }));
  count.addEventListener("change", () => isSound() || showBasket());
  const remove = make("button", { type: "button", class: "quiet", id: `remove-${id}`, press: () => guarded(() => {
    const place = kept().basket.findIndex((row) => row.id === id);
    notes.delete(id);
    change((kept) => (kept.basket = kept.basket.filter((row) => row.id !== id)));
    say(`${name} is no longer in your basket.`);
    // The keyboard goes on with what took its place.
    const after = $("rows").children[Math.min(place, $("rows").childElementCount - 1)];
    (after?.querySelector("button") ?? $("basket-view").querySelector("h1")).focus();
  }) }, "Remove", make("span", { class: "unseen" }, ` ${name}`));
  const label = make("label", { class: "unseen", for: count.id }, `How many of ${name}`);
  const item = line(make("span", null, name), label, count, make("span", { class: "price", id: `total-${id}` }), remove);
  if (was) item.append(make("p", { class: "hint" }, `One was ${money(was, currency)} and is ${money(price, currency)} now.`));
  if (notes.has(id)) {
    item.append(make("p", { class: "wrong", id: `wrong-${id}` }, notes.get(id)));
    count.setAttribute("aria-invalid", "true");
    count.setAttribute("aria-describedby", `wrong-${id}`);
  }
  return item;
}

/// Looks up what the basket's products cost now, and whether they are there.
async function refreshBasket() {
  const { basket, attempt } = kept();
  if (basket.length === 0 || attempt?.open) return;
  const { data } = await insist("GET", `/products?ids=${basket.map(({ id }) => id)}`);
  const now = new Map(data.map((product) => [product.id, product]));
  for (const { id } of basket) {
    notes.delete(id);
    if (!now.has(id)) notes.set(id, "This is no longer sold. Remove it to order the rest.");
    else if (!now.get(id).in_stock) notes.set(id, "This is sold out. Remove it to order the rest.");
  }
  change(({ basket }) => {
    for (const row of basket.filter(({ id }) => now.has(id))) {
      const { name, price } = now.get(row.id);
      if (price !== row.price) row.was ??= row.price;
      if (price === row.was) delete row.was;
      Object.assign(row, { name, price });
    }
  });
}

// ---- The order

/// The API forgets a key after 72 hours; an hour less, for clocks that differ.
const KEY_MS = 71 * 3_600_000;

/// Where a page has no https the browser gives no crypto.randomUUID.
const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/// One window after the other, where the browser can tell them apart: that needs https, or a page of this machine.
const alone = (work) => navigator.locks?.request(KEPT, work) ?? work();

/// Keeps what is to be ordered together with its key, and only then sends it.
async function order(typed) {
  const { name, email, phone, shipping_address, note } = typed;
  // Another window may have begun to order, or have ordered it, while this one waited.
  if (kept().attempt?.open) return send();
  if (kept().basket.length === 0) throw new Error("This basket was ordered in another window. It is among your orders.");
  change((kept) => (kept.details = { name, email, phone, shipping_address }));
  await signUp(JSON.stringify({ name, email, phone }));
  change((kept) => {
    const items = kept.basket.map(({ id, quantity }) => ({ product_id: id, quantity }));
    // Nobody pays another total than was shown: the API refuses the order when a price has changed since.
    const body = JSON.stringify({ items, shipping_address, note, expected_total: totalOf(kept.basket) });
    const before = kept.attempt;
    // The same order again, after a refusal, is still the same order. Another one gets another key.
    const isSame = before?.body === body && Date.now() - before.at < KEY_MS;
    kept.attempt = isSame ? { ...before, open: true } : { key: newKey(), body, at: Date.now(), open: true };
  });
  return send();
}

/// A guest becomes a customer with a session, once in this browser; after that what was typed corrects their details. An
/// answer that is lost leaves a customer behind who never ordered, and nothing else.
async function signUp(body) {
  const { guest } = kept();
  if (guest) {
    try {
      return await insist("PATCH", `/customers/${guest.id}`, { token: guest.token, body });
    } catch (error) {
      // The session has ended, or the shop has erased them: then they are somebody new.
      if (!["unauthenticated", "not_found"].includes(error.problem?.code)) throw error;
    }
  }
  const { id, session } = await call("POST", "/customers", { body });
  change((kept) => (kept.guest = { id, token: session.token }));
}

/// Sends the order that is kept, the same bytes under the same key, until it is answered.
async function send() {
  const { guest, attempt } = kept();
  if (!attempt?.open) return null;
  if (Date.now() - attempt.at >= KEY_MS) {
    change((kept) => (kept.attempt = null));
    throw new Error(`An order was sent on ${moment(attempt.at)}, and its answer never came. See whether it is among your orders before you order again.`);
  }
  try {
    const order = await insist("POST", "/orders", { token: guest.token, key: attempt.key, body: attempt.body });
    change((kept) => {
      kept.attempt = null;
      // What was put into the basket meanwhile stays there.
      for (const { product_id: id, quantity } of JSON.parse(attempt.body).items) {
        const row = kept.basket.find((row) => row.id === id);
        if (row) row.quantity -= quantity;
      }
      kept.basket = kept.basket.filter((row) => row.quantity > 0);
    });
    return order;
  } catch (error) {
    // Refused is answered: nothing was ordered, and it can be changed.
    if (error instanceof Refused) change((kept) => (kept.attempt.open = false));
    if (error.problem?.code !== "unauthenticated") throw error;
    // Only its own session is told what became of an order that was sent before.
    change((kept) => (kept.guest = null));
    throw new Error("Your session has ended. If you have sent this order before, ask the shop whether it has arrived; else order again.");
  }
}

let isAtWork = false;
let thanksFor = null;

/// Orders with the buttons held, so that a second press does nothing, and says what came of it.
async function ordering(work) {
  if (isAtWork) return;
  isAtWork = true;
  const buttons = [$("send"), $("again")];
  for (const button of buttons) button.setAttribute("aria-disabled", "true");
  clearRefusals();
  say("Your order is being sent.");
  try {
    const order = await alone(work);
    if (order) {
      thanksFor = String(order.id);
      $("order").reset();
      location.hash = `#order-${order.id}`;
    }
  } catch (error) {
    await showRefusal(error);
  }
  isAtWork = false;
  for (const button of buttons) button.removeAttribute("aria-disabled");
}

function clearRefusals() {
  $("alert").hidden = true;
  notes.clear();
  for (const wrong of $("order").querySelectorAll(".wrong")) wrong.textContent = "";
  for (const field of $("order").querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
}

/// Says each thing where it can be mended: beside the field or the row that the API names.
async function showRefusal(error) {
  const { code, errors = [], products = [], detail, title } = error.problem ?? {};
  if (code === undefined) return showAlert(error.message);
  if (code === "price_changed") {
    await guarded(refreshBasket);
    return showAlert(`A price has changed, and your basket comes to ${$("total").textContent} now. Nothing was ordered; order again if you still want it.`);
  }
  const rest = [];
  for (const { field, message } of errors) {
    const [, place, of] = /^items\[(\d+)\]\.(\w+)$/.exec(field) ?? [];
    const row = place && kept().basket[place];
    if (row) notes.set(row.id, `${of === "quantity" ? "The quantity" : row.name} ${message}.`);
    else if ($("order").elements[field]) beside($("order").elements[field], message);
    else rest.push(`${field} ${message}.`);
  }
  for (const { product_id: id, available } of products) notes.set(id, available > 0 ? `Only ${available} of it can be ordered now.` : "This is sold out.");
  showBasket();
  showAlert(errors.length > 0 ? [`${title}. Nothing was ordered.`, ...rest].join(" ") : detail);
  if (rest.length === 0) $("filled").querySelector("[aria-invalid]")?.focus();
}

/// Each field has a line below it that describes it, empty while nothing is wrong.
function beside(field, message) {
  $(`wrong-${field.id}`).textContent = `${field.labels[0].textContent} ${message}.`;
  field.setAttribute("aria-invalid", "true");
}

// ---- Where the orders are

const STATUS = {
  placed: "Placed, and being made ready",
  shipped: "On its way",
  delivered: "Delivered",
  cancelled: "Cancelled",
  lost: "The parcel was lost",
  returned: "The parcel went back to the shop",
};

async function listOrders() {
  const { guest, attempt } = kept();
  $("orders").replaceChildren();
  $("no-orders").hidden = true;
  $("forget").hidden = !guest || attempt?.open;
  // The newest hundred, which are all: a guest has few.
  const { data } = guest ? await asGuest("GET", "/orders?limit=100") : { data: [] };
  $("orders").replaceChildren(...data.map(({ id, status, order_date, total, currency }) => line(
    make("span", null, make("a", { href: `#order-${id}` }, `Order ${id}`), ` of ${moment(order_date)}`),
    make("span", null, STATUS[status] ?? status), price(total, currency))));
  $("no-orders").hidden = data.length > 0;
}

/// A session ends when it is not used for long; then only the shop can tell where the orders are.
async function asGuest(method, path) {
  try {
    return await insist(method, path, { token: kept().guest?.token });
  } catch (error) {
    if (error.problem?.code !== "unauthenticated") throw error;
    change((kept) => (kept.guest = null));
    throw new Error("This browser can no longer look up your orders. Ask the shop: it finds them by your e-mail address.");
  }
}

async function showOrder(id) {
  const isShown = () => location.hash === `#order-${id}`;
  $("tracked").replaceChildren();
  $("order-view").querySelector("h1").textContent = `Order ${id}`;
  const [order, { events }] = await Promise.all([asGuest("GET", `/orders/${id}`), asGuest("GET", `/orders/${id}/track`)]);
  if (!isShown()) return;
  const facts = {
    Status: STATUS[order.status] ?? order.status,
    Ordered: moment(order.order_date),
    Expected: ["placed", "shipped"].includes(order.status) && day(order.expected_delivery_date),
    Carrier: order.carrier,
    "Tracking number": order.tracking_number,
    Address: order.shipping_address,
    Note: order.note,
  };
  const told = Object.entries(facts).filter(([, fact]) => fact);
  const items = order.items.map(({ name, quantity, total }) =>
    line(make("span", null, `${quantity} × ${name}`), price(total, order.currency)));
  const steps = events.map(({ status, at, correction, reason }) => {
    const what = correction ? `The ${correction.field.replaceAll("_", " ")} was corrected` : STATUS[status] ?? status;
    return make("li", null, `${moment(at)}: ${what}${reason === "unconfirmed" ? ", since nobody confirmed it in time" : ""}`);
  });
  $("tracked").append(
    ...(thanksFor === id ? [make("p", { class: "notice good" }, "Thank you. Your order is placed. In this browser you find it here again.")] : []),
    make("dl", null, ...told.flatMap(([name, fact]) => [make("dt", null, name), make("dd", null, fact)])),
    make("ul", { class: "rows" }, ...items),
    make("p", { class: "total" }, make("span", null, "Total"), make("span", null, money(order.total, order.currency))),
    make("h2", null, "What has happened"), make("ol", { class: "steps" }, ...steps),
  );
  if (order.allowed_actions.includes("cancel")) {
    const cancel = () => guarded(async () => {
      if (!confirm(`Cancel order ${id}?`)) return;
      thanksFor = null;
      await asGuest("POST", `/orders/${id}/cancel`);
      await showOrder(id);
      say(`Order ${id} is cancelled.`);
      $("order-view").querySelector("h1").focus();
    });
    $("tracked").append(make("p", null, make("button", { type: "button", press: cancel }, "Cancel this order")));
  }
}

/// For whoever shares the browser with others.
async function forget() {
  if (!confirm("Your orders can then no longer be looked up in this browser. Forget you here?")) return;
  const { guest } = kept();
  change((kept) => Object.assign(kept, nothing(), { basket: kept.basket }));
  $("order").reset();
  await listOrders();
  say("Forgotten.");
  $("orders-view").querySelector("h1").focus();
  await call("DELETE", "/sessions/current", { token: guest.token });
}

// ---- The views: the address says which, so that "back" and bookmarks work

/// Whatever goes wrong is said.
async function guarded(work) {
  $("alert").hidden = true;
  try {
    await work();
  } catch (error) {
    showAlert(error.message);
  }
}

async function showView(isFirst) {
  const [, name = "shop", id] = /^#(basket|orders|order-(\d+))$/.exec(location.hash) ?? [];
  const view = id ? "order" : name;
  for (const other of ["shop", "basket", "orders", "order"]) $(`${other}-view`).hidden = other !== view;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === (id ? "#orders" : `#${view}`)) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (view === "basket") {
    const { details } = kept();
    for (const [name, value] of Object.entries(details ?? {})) $(name).value ||= value;
  }
  const shown = { basket: refreshBasket, orders: listOrders, order: () => showOrder(id) }[view];
  const heading = $(`${view}-view`).querySelector("h1");
  const loaded = guarded(shown ?? (() => {}));
  document.title = view === "shop" ? SHOP : `${heading.textContent} – ${SHOP}`;
  if (!isFirst) {
    scrollTo(0, 0);
    heading.focus();
  }
  await loaded;
}

$("search").addEventListener("submit", (event) => {
  event.preventDefault();
  wanted = { q: $("q").value, category: $("category").value };
  guarded(() => search(false));
});
$("category").addEventListener("change", () => $("search").requestSubmit());
$("more").addEventListener("click", () => guarded(() => search(true)));
$("order").addEventListener("submit", (event) => {
  event.preventDefault();
  // The API takes an order without an address, to be fetched at the counter; this shop sends.
  $("shipping_address").value = $("shipping_address").value.trim();
  if (!event.target.reportValidity()) return;
  const typed = Object.fromEntries(new FormData(event.target));
  ordering(() => order(typed));
});
$("again").addEventListener("click", () => ordering(send));
$("forget").addEventListener("click", () => guarded(forget));
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  $("main").focus();
});
addEventListener("hashchange", () => showView(false));
// Another window has changed what is kept.
addEventListener("storage", ({ key }) => (key === KEPT || key === null) && showBasket());

showBasket();
if (kept().attempt?.open) {
  history.replaceState(null, "", "#basket");
  ordering(send);
}
showView(true);
guarded(() => search(false));
guarded(listCategories);
