// Loaded before a service, to try it with a clock that is off by so many milliseconds: `skewed-clock.ts?ms=-5000`. Monotonic time
// stays as it is, as it does on a machine whose clock is wrong.
const skewMs = Number(new URL(import.meta.url).searchParams.get('ms'));
const { Date: RealDate } = globalThis;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [RealDate.now() + skewMs] : args, newTarget),
  apply: () => new RealDate(RealDate.now() + skewMs).toString(),
  get: (target, key, receiver) => (key === 'now' ? () => RealDate.now() + skewMs : Reflect.get(target, key, receiver)),
});
