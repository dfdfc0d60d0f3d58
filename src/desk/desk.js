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
    $("[data-goes-on]")?.click();
  };

  // A form is sent once, however often its button is pressed.
  document.addEventListener("submit", (event) => {
    const form = event.target, by = event.submitter;
    const sends = by?.matches(".main");
    if (form.matches(".scan") && !sends) return scan(event, form);
    if (form.method !== "post") return;
    if (form.dataset.sent) return event.preventDefault();
    if (sends && steps && form.matches(".scan")) {
      // What was scanned is counted first, and was right.
      event.preventDefault();
      queue.then(() => bad() || wrong.firstChild || $("form.scan .main")?.click());
      return;
    }
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

  // What is typed until the answer is there stays: a field is found by its form, name and product.
  const fields = (within) => [...within.querySelectorAll("form[method=post] :is(input:not([type=hidden], [type=checkbox], #scan), textarea)")];
  const place = (field) => {
    const [, list, row] = /^(\w+)\[(\d+)\]\./.exec(field.name) ?? [];
    const product = list && field.form.elements[`${list}[${row}].product_id`]?.value;
    return `${field.form.elements.do?.value} ${product ? field.name.replace(row, `of ${product}`) : field.name}`;
  };
  const keep = (old, page) => {
    const all = new Map(fields(page).map((field) => [place(field), field]));
    let at;
    for (const field of fields(old)) {
      const now = all.get(place(field));
      if (now && field.value !== (field.was ?? field.defaultValue)) now.value = field.value;
      if (field === document.activeElement) at = now;
    }
    return at;
  };
  // A scan waits until the shop answers and somebody is logged in. Its key makes it count once.
  const answered = async (form, target, options) => {
    const notice = make("p", "refused", "", "alert");
    for (let said; ;) {
      let says = "unanswered";
      try {
        const answer = await fetch(target, options);
        if (answer.status !== 401 && !answer.url.includes("/desk/login")) return answer;
        says = "ended";
      } catch { /* asked again */ }
      if (said !== says) {
        const text = make("a", "", $("#scan", form).dataset[said = says]);
        if (says === "ended") Object.assign(text, { href: "/desk/login", target: "_blank" });
        notice.replaceChildren(text);
        form.before(notice);
      }
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  };

  // What was wrong stays in sight until somebody has seen it.
  const wrong = make("div", "refused");
  const seen = make("button");
  seen.onclick = () => { wrong.remove(); wrong.replaceChildren(); $("#scan")?.focus(); };
  const bad = () => $("#scanned.refused, #found .refused");

  // One after the other, without a new page: no letter is lost between two.
  let queue = Promise.resolve(), steps = 0;
  const step = (form, ask) => {
    steps++;
    queue = queue.then(async () => {
      const now = $("form.scan") ?? form;
      const [target, options] = ask(now);
      for (const field of now.elements) field.was = field.value;
      try {
        const answer = await answered(now, target, options);
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const typed = $("#scan")?.value ?? "";
        if (bad()) wrong.append(make("p", "", bad().firstChild.textContent), seen);
        seen.textContent = $("#scan")?.dataset.seen;
        const at = keep($("main"), page), { selectionStart, selectionEnd } = document.activeElement;
        $("main").replaceWith($("main", page));
        if (wrong.firstChild) $("main").prepend(wrong);
        history.replaceState(null, "", answer.url);
        document.title = page.title;
        prepare();
        const again = $("#scan");
        if (again) again.value = typed;
        (at ?? again ?? $("main [autofocus]"))?.focus();
        if (at?.selectionStart != null) at.setSelectionRange(selectionStart, selectionEnd);
        say(bad() ?? $("#refused") ?? $("#scanned"));
      } catch { location.reload(); }
      steps--;
    });
  };
  const scan = (event, form) => {
    event.preventDefault();
    const field = $("#scan", form), code = field.value, by = event.submitter;
    const scans = !by?.name || by.value === "scan";
    // Enter once more.
    if (scans && !code.trim() && field === document.activeElement) return;
    if (scans) field.value = "";
    step(form, (now) => {
      const data = new URLSearchParams(new FormData(now));
      data.set(field.name, scans ? code : "");
      if (by?.name) data.set(by.name, by.value);
      const target = new URL(now.getAttribute("action") ?? "", location);
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
    next.tabIndex = -1;
    // Enter there opens it, and ticks nothing.
    ($("a", next) ?? $("button, input", next) ?? next).focus();
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
    const key = event.key, goes = Date.now() - went < 1500;
    went = 0;
    if (typing || event.ctrlKey || event.altKey || event.metaKey) return;
    // A scan goes where scans go, wherever somebody has clicked.
    if ($("#scan") && /^[^ /?]$/.test(key)) {
      help?.close();
      return $("#scan").focus();
    }
    if (store.get()) return;
    if (goes && GO[key]) location.href = GO[key];
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
  if ($("#scan")) say($("#refused"));
  prepare();
})();
