// Only makes the desk quicker: without it every page works all the same.
"use strict";
(() => {
  const $ = (selector, within = document) => within.querySelector(selector);
  const make = (tag, className = "", textContent = "", role = null) => Object.assign(document.createElement(tag), { className, role, textContent });
  const OFF = "storekeeper-keys-off";
  const store = { get: () => { try { return localStorage.getItem(OFF); } catch { return null; } },
    set: (value) => { try { value ? localStorage.setItem(OFF, value) : localStorage.removeItem(OFF); } catch { /* private */ } } };

  // What goes on by itself once the page is there, or has been replaced.
  const prepare = () => {
    for (const button of document.querySelectorAll("[data-print]")) {
      button.hidden = false;
      button.onclick = () => print();
    }
  };

  // A form is sent once, however often its button is pressed; its key sees to that too.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.classList.contains("scan")) return scan(event, form);
    if (form.method !== "post") return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "yes";
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
  });
  // Gone back to, a page is as it was before it was sent.
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
    }
  });

  // What was typed beside the scans stays: a field is found again by its form, its name and the product of its row. Where
  // a scan has changed what stands there, that counts.
  const fields = (within) => [...within.querySelectorAll("form[method=post]:not(.scan) :is(input:not([type=hidden], [type=checkbox]), textarea)")];
  const place = (field) => {
    const [, list, row] = /^(\w+)\[(\d+)\]\./.exec(field.name) ?? [];
    const product = list && field.form.elements[`${list}[${row}].product_id`]?.value;
    return `${field.form.elements.do?.value} ${product ? field.name.replace(row, `of ${product}`) : field.name}`;
  };
  const keep = (old, page) => {
    const typed = new Map(fields(old).filter((field) => field.value !== field.defaultValue).map((field) => [place(field), field]));
    for (const field of fields(page)) {
      const was = typed.get(place(field));
      if (was?.defaultValue === field.defaultValue) field.value = was.value;
    }
  };
  // A scan waits until the shop answers; its key sees to it that it counts once.
  const answered = async (form, target, options) => {
    for (let notice; ;) {
      try { return await fetch(target, options); } catch {
        if (!notice) {
          notice = make("p", "refused", $("#scan", form).dataset.unanswered, "alert");
          form.before(notice);
        }
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    }
  };

  // What was wrong stays in sight until somebody has seen it.
  const wrong = make("div", "refused");
  const seen = make("button");
  seen.onclick = () => { wrong.remove(); wrong.replaceChildren(); $("#scan")?.focus(); };
  const bad = () => $("#scanned.refused, #found .refused");

  // Scans and steps are taken one after the other without a new page, so that no letter is lost between two.
  let queue = Promise.resolve();
  const step = (form, ask) => {
    queue = queue.then(async () => {
      const now = $("form.scan") ?? form;
      const [target, options] = ask(now);
      if (!target) return;
      try {
        const answer = await answered(now, target, options);
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const typed = $("#scan")?.value ?? "";
        if (bad()) wrong.append(make("p", "", bad().textContent), seen);
        seen.textContent = $("#scan")?.dataset.seen;
        keep($("main"), page);
        $("main").replaceWith($("main", page));
        if (wrong.firstChild) $("main").prepend(wrong);
        history.replaceState(null, "", answer.url);
        document.title = page.title;
        prepare();
        const again = $("#scan");
        if (again) again.value = typed;
        (again ?? $("main [autofocus]"))?.focus();
        say(bad() ?? $("#refused") ?? $("#scanned"));
      } catch { location.reload(); }
    });
  };
  const scan = (event, form) => {
    event.preventDefault();
    const field = $("#scan", form), code = field.value;
    const by = event.submitter?.name ? event.submitter : null;
    if (!by) field.value = "";
    if (by || code.trim()) step(form, (now) => {
      // Scans before it change what a button sets.
      const button = by?.id ? $("#" + by.id) : by;
      if (by && !button) return [];
      const data = new URLSearchParams(new FormData(now));
      data.set(field.name, by ? "" : code);
      if (by) data.set(by.name, button.value);
      const target = new URL(now.action);
      if (now.method === "post") return [target, { method: "POST", body: data }];
      target.search = data;
      return [target];
    });
  };
  // Read aloud, one after the other.
  const voice = make("div", "hidden", "", "log");
  const say = (from) => { if (from) voice.append(make("p", "", from.textContent)); };

  // Keys.
  const GO = { t: "/desk", o: "/desk/orders", s: "/desk/products", r: "/desk/restock", d: "/desk/stock_takes", c: "/desk/customers" };
  let went = 0;
  const move = (by) => {
    const all = [...document.querySelectorAll("main tbody tr")];
    const at = all.findIndex((row) => row.classList.contains("at"));
    const next = all[Math.min(all.length - 1, Math.max(0, at + by))];
    if (!next) return;
    all[at]?.classList.remove("at");
    next.classList.add("at");
    ($("a, button, input", next) ?? next).focus();
    next.scrollIntoView({ block: "center" });
  };
  const help = $("#keys");
  addEventListener("keydown", (event) => {
    // Up and down a column of numbers.
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (step && event.target.matches?.("td input[inputmode=numeric]")) {
      const all = [...document.querySelectorAll("td input[inputmode=numeric]")];
      const next = all[all.indexOf(event.target) + step];
      if (next) { next.focus(); next.select(); event.preventDefault(); }
      return;
    }
    const typing = event.target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (typing || event.ctrlKey || event.altKey || event.metaKey || store.get()) return;
    const key = event.key;
    if (Date.now() - went < 1500 && GO[key]) location.href = GO[key];
    else if (key === "g") went = Date.now();
    else if (key === "/") $("#search")?.focus();
    else if (key === "j") move(1);
    else if (key === "k") move(-1);
    else if (key === "x") $("tr.at input[type=checkbox]")?.click();
    else if (key === "?") help?.open ? help.close() : help?.showModal();
    else return;
    event.preventDefault();
  });
  const toggle = $("#keys-off");
  if (toggle) {
    const show = () => { toggle.hidden = false; toggle.textContent = store.get() ? toggle.dataset.on : toggle.dataset.off; };
    toggle.onclick = () => { store.set(store.get() ? "" : "yes"); show(); };
    show();
  }
  document.body.append(voice);
  prepare();
})();
