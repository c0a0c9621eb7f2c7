// From a chart's source and the filters' values to its rows, as the warehouse would answer.

// A column's value in a row: columns are numbers, or positions in a list of values.
function cell(column, row) {
  return column.numbers ? column.numbers[row] : column.values[column.codes[row]];
}

// The rows that the filters let through. A query's result already has the defaults applied.
function matching(source, store, filters, values, today) {
  const tests = [];
  for (const filter of filters) {
    const place = source.filters[filter.name];
    const value = values[filter.name];
    if (place === undefined || !isSet(value)) continue;
    if (source.cube === undefined && same(value, filter.default)) continue;
    const column = store.columns[place];
    const test = accepts(filter, value, today);
    if (column.numbers) tests.push((row) => test(column.numbers[row]));
    else {
      const passes = column.values.map(test);
      tests.push((row) => passes[column.codes[row]]);
    }
  }
  const rows = [];
  for (let row = 0; row < store.rows; row++) {
    if (tests.every((test) => test(row))) rows.push(row);
  }
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

// The rows of a cube by the values of some of its columns: [[a value for each column, rows], …].
function groups(cube, rows, places) {
  if (!places.length) return [[[], rows]];
  const found = new Map();
  for (const row of rows) {
    let key = places.length === 1 ? cube.columns[places[0]].codes[row] : "";
    if (places.length > 1) for (const place of places) key += cube.columns[place].codes[row] + ",";
    const group = found.get(key);
    if (group) group.push(row);
    else found.set(key, [row]);
  }
  return [...found.values()].map((group) => [
    places.map((place) => cell(cube.columns[place], group[0])),
    group,
  ]);
}

// Numbers that only differ by the order of addition are equal.
const rounded = (value) => (typeof value === "number" ? Number(value.toPrecision(10)) : value);

// Smaller first, null last in either direction.
function ordered(left, right, isDescending) {
  const [one, other] = [rounded(left), rounded(right)];
  if (one === other) return 0;
  if (one === null) return 1;
  if (other === null) return -1;
  return (one < other ? -1 : 1) * (isDescending ? -1 : 1);
}

function sorted(rows, order) {
  return [...rows].sort((one, other) => {
    for (const [place, isDescending] of order) {
      const result = ordered(one[place], other[place], isDescending);
      if (result) return result;
    }
    return 0;
  });
}

// A chart's rows, a value for each of its fields.
function answered(chart, page, values) {
  const { source } = chart;
  if (!source) return [];
  const store = source.cube === undefined ? source : page.cubes[source.cube];
  const rows = matching(source, store, page.filters, values, page.today);
  if (source.steps) return source.steps.map(([label, tree]) => [label, evaluated(tree, store, rows)]);
  if (source.cube === undefined) {
    return rows.map((row) => source.outputs.map(([, place]) => cell(source.columns[place], row)));
  }
  const result = sorted(summarized(source, store, rows, source.outputs), source.order);
  return source.limit ? result.slice(0, source.limit) : result;
}

function summarized(source, cube, rows, outputs) {
  const places = outputs.filter(([kind]) => kind === "column").map(([, place]) => place);
  return groups(cube, rows, places).map(([keys, group]) => {
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
    return summarized(source, cube, rows, outputs);
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
