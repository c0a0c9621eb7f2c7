// Round charts: pie and gauge.

const MOST_SLICES = 5;

function drawPie(chart, rows, body, look, notes) {
  const [keyField, field] = chart.fields;
  const parts = rows.filter((row) => row[1] > 0).map((row) => [name(row[0], keyField), row[1]]);
  if (rows.some((row) => row[1] < 0)) notes.push("Negative parts cannot be drawn as slices.");
  parts.sort((one, other) => other[1] - one[1]);
  const total = parts.reduce((sum, part) => sum + part[1], 0);
  let slices = parts;
  if (parts.length > MOST_SLICES) {
    const rest = parts.slice(MOST_SLICES - 1);
    slices = [...parts.slice(0, MOST_SLICES - 1), [OTHER, rest.reduce((sum, part) => sum + part[1], 0)]];
    notes.push(`${parts.length} slices: the ${rest.length} smallest are drawn as “${OTHER}”.`);
  }
  const isNarrow = body.clientWidth < 380;
  const share = { format: "percent" };
  plot(body, [{
    type: "pie", hole: 0.6, sort: false, direction: "clockwise", labels: slices.map(([label]) => plain(shortened(label, 26))),
    values: slices.map((slice) => slice[1]), textinfo: "text", textposition: "inside", insidetextorientation: "horizontal",
    text: slices.map((slice) => (slice[1] / total >= 0.06 ? short(slice[1] / total, share) : "")),
    insidetextfont: { color: look.tile, size: 12 },
    meta: slices.map(([label]) => label),
    marker: { colors: slices.map(([label]) => colorOf(label, look)), line: { color: look.tile, width: 2 } },
    customdata: slices.map(([label, value]) => plain(`${label}: ${shown(value, field)} (${number(value / total, share)})`)),
    hovertemplate: "%{customdata}<extra></extra>",
    domain: { x: [0, 1], y: [0, 1] },
  }], layout(look, {
    showlegend: true, margin: { l: 8, r: 8, t: 8, b: 8 },
    legend: isNarrow ? { orientation: "h", x: 0.5, xanchor: "center", y: -0.02, yanchor: "top", font: { size: 11 } }
      : { orientation: "v", x: 1.02, y: 0.5, yanchor: "middle", font: { size: 12 } },
    annotations: [{ text: `<b>${plain(short(total, field))}</b>`, showarrow: false, x: 0.5, y: 0.5, font: { size: 16, color: look.text } }],
  }));
}

function drawGauge(chart, rows, body, look) {
  const field = chart.fields[0];
  const value = rows[0][0];
  const ends = chart.segments.map((segment) => segment.to);
  const bounds = [chart.start, ...ends];
  const top = ends[ends.length - 1];
  const at = chart.segments.findIndex((segment) => value <= segment.to);
  const current = chart.segments[at < 0 ? chart.segments.length - 1 : at];
  plot(body, [{
    type: "indicator", mode: "gauge", value: Math.min(Math.max(value, chart.start), top),
    gauge: {
      axis: { range: [chart.start, top], tickmode: "array", tickvals: bounds, ticktext: bounds.map((one) => plain(short(one, field))), tickfont: { size: 11, color: look.muted } },
      bar: { color: look.text, thickness: 0.25 }, borderwidth: 0, bgcolor: "rgba(0,0,0,0)",
      steps: chart.segments.map((segment, place) => ({ range: [bounds[place], segment.to], color: look.meanings[segment.color] })),
    },
    domain: { x: [0.06, 0.94], y: [0, 0.92] },
  }], layout(look, {
    margin: { l: 24, r: 24, t: 16, b: 8 },
    annotations: [{
      text: `<b>${plain(shown(value, field))}</b>` + (current.label ? `<br><span style="font-size:12px">${plain(current.label)}</span>` : ""),
      showarrow: false, x: 0.5, y: 0.02, yanchor: "bottom", font: { size: 20, color: look.text },
    }],
  }));
}
