import { clearImmediate, clearTimeout, setImmediate, setInterval, setTimeout } from "internal:timers";

const clearInterval = clearTimeout;
export { clearImmediate, clearInterval, clearTimeout, setImmediate, setInterval, setTimeout };
export default { clearImmediate, clearInterval, clearTimeout, setImmediate, setInterval, setTimeout };
