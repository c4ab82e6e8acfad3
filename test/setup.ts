// Jest gives each test file its own realm: errors thrown by Node's own modules are not `instanceof` that
// realm's Error. Make `instanceof Error` realm-blind, leaving every subclass as it was.
const original = Function.prototype[Symbol.hasInstance];
Object.defineProperty(Error, Symbol.hasInstance, {
  configurable: true,
  value(this: unknown, value: unknown): boolean {
    return this === Error
      ? (Error as unknown as { isError(v: unknown): boolean }).isError(value)
      : original.call(this as () => void, value);
  },
});
