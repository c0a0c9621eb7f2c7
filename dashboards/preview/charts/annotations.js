// What people wrote about days: a thin line in each chart over time that it fits, and a label.

const COLUMNS_OF_PLATFORMS = ["platform_code", "platform_name"];

// The platforms that a chart is about with the filters as they are; null if that is all of them.
function platformsOf(chart, page, chosen) {
  let found = chart.platforms;
  for (const [name, , column] of chart.wires) {
    const wanted = [chosen[name] ?? []].flat();
    if (!COLUMNS_OF_PLATFORMS.includes(column) || !wanted.length) continue;
    found = found ? found.filter((one) => wanted.includes(one) || wanted.includes(page.platforms[one])) : wanted;
  }
  return found;
}

// The annotations of a chart by the place on its axis, the first day of their week, month …:
// [[day, [text, …]], …].
function annotationsOf(chart, key, keys, page, chosen) {
  const drawn = keys.filter((one) => one !== null).map((one) => String(one).slice(0, 10)).sort();
  const platforms = platformsOf(chart, page, chosen);
  const found = new Map();
  for (const { day: of, platform, text } of isDate(key) ? page.annotations : []) {
    const place = key.grain && key.grain !== "day" ? startOf(of, key.grain) : of;
    const name = page.platforms[platform];
    const fits = !platform || !platforms || platforms.includes(platform) || platforms.includes(name);
    if (!fits || place < drawn[0] || place > drawn[drawn.length - 1]) continue;
    found.set(place, [...(found.get(place) ?? []), `${text} (${name ? `${name}, ` : ""}${day(of)})`]);
  }
  return [...found];
}

// Lines for a plot's layout, with room above them for the labels.
function addAnnotations(annotations, shape, look) {
  if (!annotations.length) return;
  const line = { color: look.muted, width: 1, dash: "dot" };
  shape.margin = { ...shape.margin, t: 24 };
  shape.shapes = [...(shape.shapes ?? []), ...annotations.map(([day]) => ({ type: "line", x0: day, x1: day, y0: 0, y1: 1, yref: "paper", line }))];
}

// Labels above the lines, as wide as there is room; whole when pointed at, by keyboard too. A
// screen reader reads them whole.
function labelAnnotations(chart, annotations, body) {
  body.querySelector(":scope > .annotations")?.remove();
  if (!annotations.length) return;
  const axis = body.querySelector(":scope > .plot")._fullLayout.xaxis;
  const lefts = annotations.map(([day]) => axis._offset + axis.d2p(day));
  body.append(element("ul", { class: "annotations", "aria-label": `${chart.name}: what happened` }, ...annotations.map(([, texts], place) => {
    const [left, right] = [lefts[place], lefts[place + 1] ?? body.clientWidth];
    const isLate = left > body.clientWidth / 2;
    return element("li", { tabindex: "0", class: isLate ? "late" : "", style: `--left: ${left}px; --right: ${body.clientWidth - left}px; --room: ${Math.max(14, right - left - 4)}px` }, texts.join("; "));
  })));
}
