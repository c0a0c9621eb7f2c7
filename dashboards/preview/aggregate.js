// From a chart's source and the filters' values to its rows, as the warehouse would answer.

// A column has its distinct values, and for each row the position of its value.
const cell = (column, row) => column.values[column.codes[row]];

// The column of an output; a day's column by the period that the output asks for.
function columnOf(store, [, place, grain]) {
  const column = store.columns[place];
  if (!grain || grain === "day") return column;
  store.periods ??= {};
  return (store.periods[`${place} ${grain}`] ??= byPeriod(column, grain));
}

function byPeriod(column, grain) {
  const starts = column.values.map((day) => (day === null ? null : startOf(day, grain)));
  const values = [...new Set(starts)];
  const at = new Map(values.map((value, place) => [value, place]));
  const codes = starts.map((start) => at.get(start));
  return { values, codes: column.codes.map((code) => codes[code]) };
}

// The rows that the chart's condition and the filters let through. A query's result already has the
// defaults applied. Charts ask for the same ones, so they are kept until the filters change.
function matching(source, store, filters, values, today) {
  const set = filters.filter(({ name, default: first }) => source.filters[name] !== undefined
    && isSet(values[name]) && !(source.cube === undefined && same(values[name], first)));
  const name = JSON.stringify([source.where, today, set.map((filter) => [source.filters[filter.name], values[filter.name]])]);
  if (store.found?.has(name)) return store.found.get(name);
  let rows = Array.from({ length: store.rows }, (_, row) => row);
  const keep = ({ values: distinct, codes }, test) => {
    const passes = distinct.map(test);
    rows = rows.filter((row) => passes[codes[row]]);
  };
  if (source.where !== undefined) keep(store.columns[source.where], (value) => value === true);
  for (const filter of set) keep(store.columns[source.filters[filter.name]], accepts(filter, values[filter.name], today));
  if (!store.found || store.found.size > 20) store.found = new Map();
  store.found.set(name, rows);
  return rows;
}

// --- a measure's tree, computed over some rows of a cube

function folded(values, rows, fold) {
  let result = null;
  for (const row of rows) {
    const value = values[row];
    if (value !== null) result = result === null ? value : fold(result, value);
  }
  return result;
}

const AGGREGATES = {
  sum: (cube, place, rows) => folded(cube.components[place], rows, (a, b) => a + b),
  count: (cube, place, rows) => folded(cube.components[place], rows, (a, b) => a + b) ?? 0,
  min: (cube, place, rows) => folded(cube.components[place], rows, (a, b) => (b < a ? b : a)),
  max: (cube, place, rows) => folded(cube.components[place], rows, (a, b) => (b > a ? b : a)),
  distinct: (cube, place, rows) => {
    const { codes, values } = cube.columns[place];
    const seen = new Set();
    for (const row of rows) if (values[codes[row]] !== null) seen.add(codes[row]);
    return seen.size;
  },
};

// In these, null gives null.
const OPERATIONS = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => (b === 0 ? null : a / b),
  "=": (a, b) => a === b,
  "<>": (a, b) => a !== b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  neg: (a) => -a,
  abs: (a) => Math.abs(a),
  not: (a) => !a,
  round: (a, digits) => (Math.sign(a) * Math.round(Math.abs(a) * 10 ** digits)) / 10 ** digits,
};

function evaluated(tree, cube, rows) {
  if (!Array.isArray(tree)) return tree;
  const [name, ...parts] = tree;
  if (AGGREGATES[name]) return AGGREGATES[name](cube, parts[0], rows);
  if (name === "text") return parts[0];
  const value = (part) => evaluated(part, cube, rows);
  switch (name) {
    case "nullif": {
      const [one, other] = parts.map(value);
      return one === other ? null : one;
    }
    case "coalesce":
      return parts.map(value).find((one) => one !== null) ?? null;
    case "greatest":
    case "least": {
      const found = parts.map(value).filter((one) => one !== null);
      return found.length ? Math[name === "greatest" ? "max" : "min"](...found) : null;
    }
    case "and": {
      const found = parts.map(value);
      return found.includes(false) ? false : found.includes(null) ? null : true;
    }
    case "or": {
      const found = parts.map(value);
      return found.includes(true) ? true : found.includes(null) ? null : false;
    }
    case "is null":
      return value(parts[0]) === null;
    case "case": {
      for (let place = 0; place + 1 < parts.length; place += 2) {
        if (value(parts[place]) === true) return value(parts[place + 1]);
      }
      return value(parts[parts.length - 1]);
    }
    default: {
      const found = parts.map(value);
      return found.includes(null) ? null : OPERATIONS[name](...found);
    }
  }
}

// --- groups

// The rows of a cube by the values of some columns: [[a value for each column, rows], …].
function groups(columns, rows) {
  if (!columns.length) return [[[], rows]];
  const found = new Map();
  // As a number while it is exact, which is ten times as fast as a text.
  const isNumber = columns.reduce((product, { values }) => product * values.length, 1) < Number.MAX_SAFE_INTEGER;
  for (const row of rows) {
    let key = isNumber ? 0 : "";
    for (const { codes, values } of columns) key = isNumber ? key * values.length + codes[row] : `${key},${codes[row]}`;
    const group = found.get(key);
    if (group) group.push(row);
    else found.set(key, [row]);
  }
  return [...found.values()].map((group) => [columns.map((column) => cell(column, group[0])), group]);
}

// Numbers that only differ by the order of addition are equal.
const rounded = (value) => (typeof value === "number" ? Number(value.toPrecision(10)) : value);

// Smaller first, null last in either direction.
function ordered(one, other, isDescending) {
  if (one === other) return 0;
  if (one === null) return 1;
  if (other === null) return -1;
  return (one < other ? -1 : 1) * (isDescending ? -1 : 1);
}

function sorted(rows, order) {
  const keyed = rows.map((row) => [order.map(([place]) => rounded(row[place])), row]);
  keyed.sort(([one], [other]) => {
    for (let place = 0; place < order.length; place++) {
      const result = ordered(one[place], other[place], order[place][1]);
      if (result) return result;
    }
    return 0;
  });
  return keyed.map(([, row]) => row);
}

// A chart's rows, a value for each of its fields; `all` are those beyond its limit too.
function answered(chart, page, values, { all = false } = {}) {
  const { source } = chart;
  if (!source) return [];
  const store = source.cube === undefined ? source : page.cubes[source.cube];
  const rows = matching(source, store, page.filters, values, page.today);
  if (source.steps) return source.steps.map(([label, tree]) => [label, evaluated(tree, store, rows)]);
  if (source.cube === undefined) {
    return rows.map((row) => source.outputs.map(([, place]) => cell(source.columns[place], row)));
  }
  const result = sorted(summarized(store, rows, source.outputs), source.order);
  return source.limit && !all ? result.slice(0, source.limit) : result;
}

function summarized(cube, rows, outputs) {
  const columns = outputs.filter(([kind]) => kind === "column").map((output) => columnOf(cube, output));
  return groups(columns, rows).map(([keys, group]) => {
    let next = 0;
    return outputs.map(([kind, of]) => (kind === "column" ? keys[next++] : evaluated(of, cube, group)));
  });
}

// The chart's measures over all rows that agree in some of its dimensions, as totals: computed from
// the cube; for a query's result the sum where a sum makes sense, otherwise null.
function totals(chart, page, values, kept) {
  const { source, fields } = chart;
  if (source.cube !== undefined) {
    const cube = page.cubes[source.cube];
    const rows = matching(source, cube, page.filters, values, page.today);
    const outputs = source.outputs.filter(([kind], place) => kind === "measure" || kept.includes(place));
    return summarized(cube, rows, outputs);
  }
  const found = new Map();
  for (const row of answered(chart, page, values)) {
    const keys = kept.map((place) => row[place]);
    const name = JSON.stringify(keys);
    if (!found.has(name)) found.set(name, [keys, []]);
    found.get(name)[1].push(row);
  }
  const measures = fields.map((_, place) => place).filter((place) => fields[place].role !== "dimension");
  return [...found.values()].map(([keys, rows]) => [
    ...keys,
    ...measures.map((place) =>
      source.additive[place] ? folded(rows.map((row) => row[place]), rows.keys(), (a, b) => a + b) : null),
  ]);
}
