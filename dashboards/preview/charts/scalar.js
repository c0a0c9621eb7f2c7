// A scalar, which is HTML: its number, and how it moved.

function drawScalar(chart, rows, body, look, notes, page) {
  const measure = chart.fields.findIndex((field) => field.role === "measure");
  const field = chart.fields[measure];
  const big = (value) => element("div", { class: "number", title: shown(value, field) }, inBrief(value, field));
  if (measure === 0) {
    body.replaceChildren(big(rows[0][0]));
    return;
  }
  const key = withGrain(chart.fields[0], rows.map((row) => row[0]));
  const known = rows.filter((row) => row[0] !== null);
  const [before, now] = [known[known.length - 2], known[known.length - 1]];
  const end = key.grain ? plusDays(shifted(String(now[0]).slice(0, 10), key.grain, 1), -1) : String(now[0]).slice(0, 10);
  const period = shown(now[0], key) + (key.grain && end >= page.today ? " so far" : "");
  const line = element("div", { class: "trend" }, element("span", { class: "period" }, period));
  if (before && typeof before[1] === "number" && typeof now[1] === "number") {
    const change = now[1] - before[1];
    // What is 0.0 as it is written is no change that anybody can see.
    const way = !/[1-9]/.test(difference(change, field)) ? "same" : change > 0 ? "up" : "down";
    const isGood = chart.more_is === "neutral" || way === "same" ? "neutral" : (chart.more_is === "good") === (way === "up") ? "good" : "bad";
    const arrow = { up: "▲", down: "▼", same: change ? "≈" : "=" }[way];
    const than = { up: "more than", down: "less than", same: change ? "about the same as" : "no change from" }[way];
    line.append(
      element("span", { class: `change ${isGood}`, "data-way": way }, element("span", { "aria-hidden": "true" }, arrow), way === "same" ? "" : ` ${difference(change, field)}`),
      element("span", { class: "before" }, `${than} ${shown(before[0], key)}: ${shown(before[1], field)}`),
    );
  }
  body.replaceChildren(big(now[1]), line);
}

// A number as large as it is read: of thousands of dollars nobody reads the cents.
function inBrief(value, field) {
  if (typeof value !== "number" || Math.abs(value) < 1000) return shown(value, field);
  if (Math.abs(value) >= 1e7) return short(value, field);
  return shown(value, field.format === "usd" ? { ...field, decimals: 0 } : field);
}

// In the unit of the value; between percentages in points.
function difference(change, field) {
  const points = { percent: change * 100, percent100: change }[field.format];
  if (points === undefined) return shown(Math.abs(change), field);
  return `${grouped(Math.abs(points), field.decimals ?? 1)} points`;
}
