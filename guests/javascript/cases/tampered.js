Array.prototype.map = null;
Object.prototype.polluted = "yes";
JSON.stringify = () => "no";
console.log({ a: 1 }, [1]);
