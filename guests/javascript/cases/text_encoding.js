const bytes = new TextEncoder().encode("héllo €👍");
console.log(bytes.length, new TextDecoder().decode(bytes));
console.log(new TextDecoder("utf-16le").decode(new Uint8Array([104, 0, 105, 0])), new TextDecoder("latin1").decode(new Uint8Array([233, 128])));
try { new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array([255])); } catch (e) { console.log(e.name, e.code); }
console.log(new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 65, 255])));
const d = new TextDecoder();
console.log(d.decode(new Uint8Array([0xe2, 0x82]), { stream: true }) + d.decode(new Uint8Array([0xac])));
