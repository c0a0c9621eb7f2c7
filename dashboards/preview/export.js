// A tile's rows as a file or on the clipboard.

// A spreadsheet takes a text that begins like this for a formula, and would run it; pipeline/focus.py
// has the same rule.
const neutral = (text) => (/^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text);

function separated(fields, rows, separator) {
  const written = (value) => {
    if (value === null || value === undefined) return "";
    if (typeof value === "number") return String(value);
    const text = neutral(String(value));
    return /["\r\n]/.test(text) || text.includes(separator) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  return [fields.map((field) => field.label), ...rows].map((row) => row.map(written).join(separator)).join("\r\n") + "\r\n";
}

function download(name, fields, rows) {
  // The mark at the beginning tells Excel that the file is UTF-8.
  const address = URL.createObjectURL(new Blob(["\ufeff", separated(fields, rows, ",")], { type: "text/csv" }));
  element("a", { href: address, download: `${name}.csv` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Some browsers have no clipboard for a page that is a file.
    const area = element("textarea", {}, text);
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
