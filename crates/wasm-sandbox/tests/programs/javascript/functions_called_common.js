// call add [2, 3] -> 5
// call describe [{"name": "Ada", "tags": ["x"]}] -> "Ada has 1 tag"
// call unique [[3, 1, 3, 2]] -> [1, 2, 3]
function add(a, b) { return a + b; }
const describe = ({ name, tags }) => `${name} has ${tags.length} tag${tags.length === 1 ? "" : "s"}`;
const unique = (list) => [...new Set(list)].sort();
module.exports = { add, describe, unique };
