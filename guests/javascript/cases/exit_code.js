console.log("before");
try { process.exit(7); } finally { console.log("not reached"); }
