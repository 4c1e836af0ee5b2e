console.log((1234567.891).toLocaleString(), (0.256).toLocaleString("en-US", { style: "percent" }), (1234.5).toLocaleString("en-US", { style: "currency", currency: "USD" }), (5).toLocaleString("en-US", { minimumFractionDigits: 2 }));
const day = new Date(Date.UTC(2024, 2, 5, 14, 7, 9));
console.log(day.toLocaleDateString("en-US"), day.toLocaleTimeString("en-US"), day.toLocaleDateString("en-US", { weekday: "long", year: "numeric", month: "long", day: "numeric" }), new Intl.NumberFormat("en-US").format(1e6));
console.log(["b", "a", "C", "ä"].sort((x, y) => x.localeCompare(y)));
