// %%
const response = JSON.parse(`{
  "users": [
    {"id": 1, "name": "Ann", "email": "ann@x.org", "roles": ["admin", "dev"], "address": {"city": "Oslo"}},
    {"id": 2, "name": "Bo", "email": null, "roles": [], "address": null},
    {"id": 3, "name": "Cy", "email": "cy@y.com", "roles": ["dev"]}
  ],
  "meta": {"page": 1, "total": 3}
}`);
response.users.map(({ name, address }) => `${name}@${address?.city ?? "?"}`)
//> [ 'Ann@Oslo', 'Bo@?', 'Cy@?' ]
// %%
const flatten = (value, prefix = "") => Object.entries(value).reduce((flat, [key, inner]) => ({
  ...flat,
  ...(inner && typeof inner === "object" ? flatten(inner, `${prefix}${key}.`) : { [prefix + key]: inner }),
}), {});
flatten(response.users[0])
//> {
//> id: 1,
//> name: 'Ann',
//> email: 'ann@x.org',
//> 'roles.0': 'admin',
//> 'roles.1': 'dev',
//> 'address.city': 'Oslo'
//> }
// %%
const byRole = {};
for (const { name, roles } of response.users) for (const role of roles) (byRole[role] ||= []).push(name);
byRole
//> { admin: [ 'Ann' ], dev: [ 'Ann', 'Cy' ] }
// %%
const copy = structuredClone(response);
copy.users[0].roles.push("new");
[response.users[0].roles.length, copy.users[0].roles.length]
//> [ 2, 3 ]
// %%
JSON.stringify({ date: new Date(0), undef: undefined, fn() {}, nan: NaN, nested: { map: new Map([[1, 2]]) } })
//> '{"date":"1970-01-01T00:00:00.000Z","nan":null,"nested":{"map":{}}}'
// %%
JSON.stringify(1n)
//! TypeError
// %%
JSON.stringify({ big: 1n }, (key, value) => typeof value === "bigint" ? `${value}n` : value)
//> '{"big":"1n"}'
// %%
JSON.parse('{"a": 1,}')
//! SyntaxError
// %%
const { users: [{ name: firstName, ...others }, , third], meta: { page = 0, size = 20 } } = response;
[firstName, Object.keys(others).length, third.name, page, size]
//> [ 'Ann', 4, 'Cy', 1, 20 ]
// %%
const ids = new Set(response.users.map((u) => u.id));
[ids.union(new Set([9])).size, ids.isSupersetOf(new Set([1, 2])), response.users.findLast((u) => u.email)?.id]
//> [ 4, true, 3 ]
