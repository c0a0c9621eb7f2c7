"use strict";
// How values are shown. Nothing is ever put into the page as HTML: `element` makes text of it.

const NOTHING = "–";
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "class") made.className = value;
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// plotly interprets some HTML in every text; this prevents it.
function plain(text) {
  return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function shortened(text, most = 28) {
  const characters = [...String(text)];
  return characters.length > most ? characters.slice(0, most - 1).join("") + "…" : String(text);
}

// Digits after the point: those wanted; for a small price enough to show two that are not 0; for a
// small sum of money more only if cents would show nothing.
function decimalsOf(value, field, usual) {
  if (field.decimals !== null && field.decimals !== undefined) return field.decimals;
  const size = Math.abs(value);
  if (size === 0 || size >= (field.isSum ? 0.005 : 1)) return usual;
  return Math.min(9, Math.max(usual, 1 - Math.floor(Math.log10(size))));
}

function grouped(value, decimals) {
  return value.toLocaleString("en-US", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
}

// A number rounded to zero has no sign.
function signed(value, text) {
  return (value < 0 && /[1-9]/.test(text) ? "−" : "") + text;
}

function number(value, field) {
  const size = Math.abs(value);
  switch (field.format) {
    case "usd":
      return signed(value, "$" + grouped(size, decimalsOf(value, field, 2)));
    case "percent":
      return signed(value, grouped(size * 100, field.decimals ?? 1) + "%");
    case "percent100":
      return signed(value, grouped(size, field.decimals ?? 1) + "%");
    case "count":
      return signed(value, grouped(size, field.decimals ?? (Number.isInteger(value) ? 0 : 1)));
    default:
      return signed(value, grouped(size, decimalsOf(value, field, Number.isInteger(value) ? 0 : 2)));
  }
}

const SIZES = [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "K"]];

// A number on an axis or in a narrow space: $12.3K.
function short(value, field) {
  if (value === null || value === undefined) return NOTHING;
  if (field.format === "percent" || field.format === "percent100") {
    const percent = Math.abs(field.format === "percent" ? value * 100 : value);
    const decimals = percent !== 0 && percent < 1 ? 1 : percent % 1 && percent < 10 ? 1 : 0;
    return signed(value, grouped(percent, decimals) + "%");
  }
  const mark = field.format === "usd" ? "$" : "";
  const size = Math.abs(value);
  const step = SIZES.find(([from]) => size >= from * 0.9995);
  if (step) {
    const scaled = size / step[0];
    return signed(value, mark + trimmed(scaled.toFixed(scaled < 10 ? 2 : scaled < 100 ? 1 : 0)) + step[1]);
  }
  if (size === 0) return mark + "0";
  const decimals = size >= 100 ? 0 : size >= 1 ? 2 : Math.min(9, 1 - Math.floor(Math.log10(size)));
  return signed(value, mark + trimmed(size.toFixed(decimals)));
}

function trimmed(digits) {
  return digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits;
}

function day(value, grain) {
  const [year, month, date] = String(value).slice(0, 10).split("-").map(Number);
  if (!year || !month || !date) return String(value);
  if (grain === "year") return String(year);
  if (grain === "quarter") return `Q${Math.floor((month - 1) / 3) + 1} ${year}`;
  if (grain === "month") return `${MONTHS[month - 1]} ${year}`;
  return `${date} ${MONTHS[month - 1]} ${year}`;
}

// What people call a code.
function nameOf(code, { names = {} }) {
  return Object.hasOwn(names, code) ? names[code] : code;
}

// The text for a value of a field.
function shown(value, field) {
  if (value === null || value === undefined || value === "") return NOTHING;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (field.format === "date") return day(value, field.grain);
  if (field.format === "datetime") return `${day(value)} ${String(value).slice(11, 16)}`;
  if (typeof value === "number" && field.format !== "text") return number(value, field);
  return nameOf(String(value), field);
}

const fieldsOf = (chart, rows) => chart.fields.map((field, place) => withGrain(field, rows.map((row) => row[place])));

// Whether a field's days are first days of months, even if the definition does not say so.
function withGrain(field, values) {
  if (field.kind !== "date" || field.grain) return field;
  const named = /(?:^|_)(week|month|quarter|year)$/.exec(field.name);
  if (named) return { ...field, grain: named[1] };
  const days = values.filter((value) => value !== null);
  const isMonth = days.length > 1 && days.every((value) => String(value).slice(8, 10) === "01");
  return isMonth ? { ...field, grain: "month" } : field;
}
