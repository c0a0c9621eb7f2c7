// The filters: what their values mean, where they are kept (the address), how they are set.
// A value means the same as in conditions.py and in Metabase.

// --- days; a day is a text, 2026-11-21, and begins at midnight UTC

const DAY = 86_400_000;
const toTime = (text) => Date.parse(`${text}T00:00:00Z`);
const toDay = (time) => new Date(time).toISOString().slice(0, 10);

function plusDays(text, count) {
  return toDay(toTime(text) + count * DAY);
}

// The first day of the period that a day is in.
function startOf(text, unit) {
  const [year, month] = text.split("-").map(Number);
  switch (unit) {
    case "week":
      return plusDays(text, -((new Date(toTime(text)).getUTCDay() + 6) % 7));
    case "month":
      return text.slice(0, 8) + "01";
    case "quarter":
      return toDay(Date.UTC(year, Math.floor((month - 1) / 3) * 3, 1));
    case "year":
      return text.slice(0, 5) + "01-01";
    default:
      return text;
  }
}

function shifted(start, unit, count) {
  if (unit === "day" || unit === "week") return plusDays(start, count * (unit === "week" ? 7 : 1));
  const [year, month] = start.split("-").map(Number);
  const months = { month: 1, quarter: 3, year: 12 }[unit] * count;
  return toDay(Date.UTC(year, month - 1 + months, 1));
}

const PERIODS = ["date_range", "relative_date"];
const RELATIVE = /^(past|next|this)(\d*)(day|week|month|quarter|year)s?(~?)$/;

// The first and the last day that a date filter's value covers; null if it is not such a value.
function days(value, today) {
  const range = /^(\d{4}-\d\d-\d\d)?~(\d{4}-\d\d-\d\d)?$/.exec(value);
  if (range && (range[1] || range[2])) return [range[1] || "0001-01-01", range[2] || "9999-12-31"];
  if (value === "yesterday") return [plusDays(today, -1), plusDays(today, -1)];
  const match = RELATIVE.exec(value);
  if (!match) return null;
  const [, way, digits, unit, withThis] = match;
  const count = Number(digits || 0);
  const start = startOf(today, unit);
  const after = shifted(start, unit, 1);
  if (way === "this") return [start, plusDays(after, -1)];
  if (way === "past") return [shifted(start, unit, -count), plusDays(withThis ? after : start, -1)];
  return [withThis ? start : after, plusDays(shifted(after, unit, count), -1)];
}

function relativeLabel(value, today) {
  if (value === "yesterday") return "Yesterday";
  const match = RELATIVE.exec(value);
  if (!match) return value;
  const [, way, digits, unit, withThis] = match;
  if (way === "this") return unit === "day" ? "Today" : `This ${unit}`;
  const which = way === "past" ? "Previous" : "Next";
  const several = `${which} ${digits} ${unit}s`;
  return (Number(digits) === 1 ? `${which} ${unit}` : several) + (withThis ? ` and this ${unit}` : "");
}

const PRESETS = [
  "yesterday", "past7days", "past30days", "past90days", "thismonth", "past1months", "past3months",
  "past6months~", "past12months", "thisquarter", "past1quarters", "thisyear", "past1years",
];

// Of rows that are dated on the first of their month, days and weeks would take all or nothing.
const fits = (filter, value) => !filter.needsMonths || !/day|week/.test(value);

// From one day to another, "" for open; whole months where it has to be.
function range(filter, since, until) {
  if (!filter.needsMonths) return `${since}~${until}`;
  const last = until && plusDays(shifted(startOf(until, "month"), "month", 1), -1);
  return `${since && startOf(since, "month")}~${last}`;
}

// --- what a value lets through

const isSet = (value) =>
  value !== null && value !== undefined && value !== "" && !(Array.isArray(value) && !value.length);

// A test of one cell for a filter's value. Null never passes, as in SQL.
function accepts(filter, value, today) {
  switch (filter.type) {
    case "date_range":
    case "relative_date": {
      const found = days(String(value), today);
      if (!found) return () => true;
      return (cell) => {
        if (cell === null) return false;
        const text = String(cell).slice(0, 10);
        return found[0] <= text && text <= found[1];
      };
    }
    case "number_range": {
      const [low, high] = value;
      return (cell) =>
        cell !== null && (low === null || cell >= low) && (high === null || cell <= high);
    }
    case "date":
      return (cell) => compared(cell, filter.operator, String(cell).length > 10 ? `${value}T00:00:00` : value);
    case "number":
      return (cell) => compared(cell, filter.operator, value);
    case "text":
      if (filter.operator === "contains") {
        const pattern = like(`%${value}%`);
        return (cell) => cell !== null && pattern.test(String(cell));
      }
      return (cell) => cell === value;
    default: {
      const wanted = new Set([value].flat());
      return (cell) => cell !== null && wanted.has(String(cell));
    }
  }
}

function compared(cell, operator, value) {
  if (cell === null) return false;
  if (operator === "<=") return cell <= value;
  return operator === ">=" ? cell >= value : cell === value;
}

// SQL's `like`, in which % and _ stand for other letters.
function like(pattern) {
  const escaped = pattern.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replace(/%/g, "[^]*").replace(/_/g, "[^]")}$`, "iu");
}

// --- the address: every value that is not the default, so that a link shows the same

function defaults(filters) {
  return Object.fromEntries(filters.map((filter) => [filter.name, filter.default]));
}

const same = (one, other) => (!isSet(one) && !isSet(other)) || JSON.stringify(one) === JSON.stringify(other);

// `views` is how charts are shown apart from the filters.
function toAddress(filters, values, tab, views = {}) {
  const parts = new URLSearchParams();
  if (tab > 1) parts.set("tab", tab);
  for (const [name, value] of Object.entries(views)) parts.set(`view.${name}`, value);
  for (const filter of filters) {
    const value = values[filter.name];
    if (same(value, filter.default)) continue;
    if (filter.type === "number_range" && isSet(value)) {
      parts.set(filter.name, value.map((bound) => bound ?? "").join("~"));
    } else if (!isSet(value)) parts.set(filter.name, "");
    else for (const one of [value].flat()) parts.append(filter.name, one);
  }
  return parts.toString();
}

function fromAddress(filters, address) {
  const parts = new URLSearchParams(address.replace(/^#/, ""));
  const values = defaults(filters);
  for (const filter of filters) {
    if (parts.has(filter.name)) values[filter.name] = parsed(filter, parts.getAll(filter.name));
  }
  const views = [...parts].filter(([name]) => name.startsWith("view.")).map(([name, value]) => [name.slice(5), value]);
  return { values, tab: parts.get("tab") ?? "1", views: Object.fromEntries(views) };
}

// A filter's value parsed from texts; its default if they are not valid.
function parsed(filter, texts) {
  const [text] = texts;
  if (text === "") return filter.type === "multi_select" ? [] : null;
  switch (filter.type) {
    case "multi_select":
      return texts;
    case "number":
      return Number.isFinite(Number(text)) ? Number(text) : filter.default;
    case "number_range": {
      const bounds = text.split("~").map((part) => (part === "" ? null : Number(part)));
      const isRight = bounds.length === 2 && bounds.every((one) => one === null || Number.isFinite(one));
      return isRight ? bounds : filter.default;
    }
    case "date_range":
    case "relative_date":
      if (!days(text, "2000-01-01") || !fits(filter, text)) return filter.default;
      return /^[\d-]*~[\d-]*$/.test(text) ? range(filter, ...text.split("~")) : text;
    case "date":
      return /^\d{4}-\d\d-\d\d$/.test(text) ? text : filter.default;
    default:
      return text;
  }
}

// --- the controls. Each has its label, and calls `changed` with its new value.

function control(filter, value, today, changed) {
  const id = `filter-${filter.name}`;
  const make = {
    dropdown: choiceControl, multi_select: severalControl, search: searchControl,
    date_range: rangeControl, relative_date: relativeControl, number_range: boundsControl,
    date: dayControl, number: numberControl, text: textControl,
  }[filter.type];
  const made = make(filter, value, changed, id, today);
  const label = element("label", { for: id }, filter.label);
  const isChanged = !same(value, filter.default);
  return element(
    "div",
    { class: `filter of-${filter.type}${isChanged ? " changed" : ""}`, "data-filter": filter.name },
    label,
    made,
  );
}

function options(pairs, value) {
  return pairs.map(([of, text]) => element("option", { value: of, selected: of === (value ?? "") }, text));
}

const listControl = (pairs, value, changed, id) =>
  element("select", { id, onchange: (event) => changed(event.target.value || null) }, ...options(pairs, value));

function choiceControl(filter, value, changed, id) {
  const known = filter.choices.includes(value) || !isSet(value) ? filter.choices : [value, ...filter.choices];
  return listControl([["", "All"], ...known.map((one) => [one, shortened(nameOf(one, filter), 40)])], value, changed, id);
}

function relativeControl(filter, value, changed, id, today) {
  const values = [...new Set([filter.default, value, ...PRESETS.filter((one) => fits(filter, one))].filter(isSet))];
  return listControl([["", "All time"], ...values.map((one) => [one, relativeLabel(one, today)])], value, changed, id);
}

function searchControl(filter, value, changed, id) {
  const choose = (event) => {
    const typed = event.target.value.trim();
    const lower = typed.toLowerCase();
    const begin = filter.choices.filter((one) => one.toLowerCase().startsWith(lower));
    const exact = filter.choices.find((one) => one.toLowerCase() === lower);
    changed(!typed ? null : (exact ?? (begin.length === 1 ? begin[0] : typed)));
  };
  const list = element("datalist", { id: `${id}-list` }, ...filter.choices.map((one) => element("option", { value: one })));
  const input = element("input", {
    id, type: "search", list: list.id, value: value ?? "", placeholder: "Type to find", autocomplete: "off",
    onchange: choose,
  });
  return element("span", {}, input, list);
}

function textControl(filter, value, changed, id) {
  if (filter.choices.length) return choiceControl(filter, value, changed, id);
  return element("input", {
    id, type: "text", value: value ?? "", onchange: (event) => changed(event.target.value || null),
  });
}

const asNumber = (input) => (input.value === "" ? null : Number(input.value));

const pair = (...content) => element("span", { class: "pair" }, ...content);

function numberControl(filter, value, changed, id) {
  const sign = { "=": "=", "<=": "≤", ">=": "≥" }[filter.operator];
  const input = element("input", { id, type: "number", step: "any", value: value ?? "", onchange: (event) => changed(asNumber(event.target)) });
  return pair(element("span", { "aria-hidden": "true" }, sign), input);
}

function dayControl(filter, value, changed, id) {
  const sign = { "=": "on", "<=": "until", ">=": "from" }[filter.operator];
  const input = element("input", { id, type: "date", value: value ?? "", onchange: (event) => changed(event.target.value || null) });
  return pair(element("span", {}, sign), input);
}

// Two inputs, of which `read` makes one value.
function endsControl(filter, ends, attributes, id, read) {
  const [from, to] = ["from", "to"].map((end, place) => element("input", {
    ...attributes, id: place ? null : id, value: ends[place] ?? "", placeholder: end, "aria-label": `${filter.label}, ${end}`, onchange: () => read(from, to),
  }));
  return pair(from, "–", to);
}

function rangeControl(filter, value, changed, id) {
  return endsControl(filter, String(value ?? "~").split("~"), { type: "date" }, id, (from, to) =>
    changed(from.value || to.value ? range(filter, from.value, to.value) : null));
}

function boundsControl(filter, value, changed, id) {
  return endsControl(filter, value ?? [], { type: "number", step: "any" }, id, (...ends) => {
    const bounds = ends.map(asNumber);
    changed(bounds.every((bound) => bound === null) ? null : bounds);
  });
}

function severalControl(filter, value, changed, id) {
  const chosen = new Set(value ?? []);
  const known = [...new Set([...filter.choices, ...chosen])];
  const title = () => (chosen.size === 0 ? "All" : chosen.size === 1 ? shortened(nameOf([...chosen][0], filter), 24) : `${chosen.size} chosen`);
  const button = element("button", { type: "button", id, "aria-haspopup": "dialog", "aria-expanded": "false", class: "several" }, title());
  const boxes = known.map((one) => {
    const box = element("input", { type: "checkbox", checked: chosen.has(one) });
    box.addEventListener("change", () => {
      if (box.checked) chosen.add(one);
      else chosen.delete(one);
      button.textContent = title();
      changed([...chosen], { keep: true });
    });
    return element("label", { class: "option" }, box, nameOf(one, filter));
  });
  const find = element("input", { type: "search", placeholder: "Find", "aria-label": `Find in ${filter.label}` });
  find.addEventListener("input", () => {
    const wanted = find.value.toLowerCase();
    boxes.forEach((box, place) => (box.hidden = !nameOf(known[place], filter).toLowerCase().includes(wanted)));
  });
  const none = element("button", { type: "button", class: "plain", onclick: () => changed([]) }, "All");
  const popover = element(
    "div",
    { class: "popover", role: "dialog", "aria-label": filter.label, hidden: true },
    find,
    element("div", { class: "options" }, ...boxes),
    none,
  );
  const open = (isOpen) => {
    popover.hidden = !isOpen;
    button.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) find.focus();
  };
  button.addEventListener("click", () => open(popover.hidden));
  const whole = element("div", { class: "holder" }, button, popover);
  whole.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !popover.hidden) {
      open(false);
      button.focus();
    }
    if (event.key === "Enter" && event.target.type === "search") event.preventDefault();
  });
  whole.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !whole.contains(event.relatedTarget)) open(false);
  });
  document.addEventListener("pointerdown", (event) => {
    if (whole.isConnected && !whole.contains(event.target)) open(false);
  });
  return whole;
}
