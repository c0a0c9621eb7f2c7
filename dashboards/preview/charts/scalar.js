// A scalar, which is HTML: its number, and how it moved.

function drawScalar(chart, rows, body, look, notes, page) {
  const measure = chart.fields.findIndex((field) => field.role === "measure");
  const field = chart.fields[measure];
  const big = (value) => element("div", { class: "number", title: shown(value, field) }, typeof value === "number" && Math.abs(value) >= 1e7 ? short(value, field) : shown(value, field));
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
    const way = change > 0 ? "up" : change < 0 ? "down" : "same";
    const isGood = chart.more_is === "neutral" || way === "same" ? "neutral" : (chart.more_is === "good") === (way === "up") ? "good" : "bad";
    const amount = before[1] ? short(Math.abs(change / before[1]), { format: "percent" }) : short(Math.abs(change), field);
    const arrow = { up: "▲", down: "▼", same: "=" }[way];
    const said = { up: "up", down: "down", same: "no change" }[way];
    line.append(
      element("span", { class: `change ${isGood}`, "data-way": way }, element("span", { "aria-hidden": "true" }, arrow), element("span", { class: "unseen" }, said), ` ${amount}`),
      element("span", { class: "before" }, `vs ${shown(before[0], key)}: ${short(before[1], field)}`),
    );
  }
  body.replaceChildren(big(now[1]), line);
}
