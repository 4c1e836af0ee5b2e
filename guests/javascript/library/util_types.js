import { types } from "node:util";

export const { isDate, isRegExp, isMap, isSet, isPromise, isNativeError, isProxy, isTypedArray, isUint8Array, isAsyncFunction, isGeneratorFunction } = types;
export default types;
