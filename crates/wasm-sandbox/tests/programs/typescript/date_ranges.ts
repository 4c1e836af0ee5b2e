interface Interval { readonly from: Date; readonly to: Date }
const day = (text: string): Date => new Date(`${text}T00:00:00Z`);
const overlaps = (a: Interval, b: Interval): boolean => a.from < b.to && b.from < a.to;
const days = ({ from, to }: Interval): number => (to.getTime() - from.getTime()) / 86_400_000;
const merge = (intervals: Interval[]): Interval[] =>
  [...intervals].sort((a, b) => +a.from - +b.from).reduce<Interval[]>((merged, next) => {
    const last = merged.at(-1);
    if (last && next.from <= last.to) merged[merged.length - 1] = { from: last.from, to: new Date(Math.max(+last.to, +next.to)) };
    else merged.push(next);
    return merged;
  }, []);
const bookings: Interval[] = [["2024-02-27", "2024-03-02"], ["2024-03-01", "2024-03-05"], ["2024-04-01", "2024-04-02"]].map(([from, to]) => ({ from: day(from), to: day(to) }));
console.log(overlaps(bookings[0], bookings[1]), bookings.map(days), merge(bookings).map(({ from, to }) => `${from.toISOString().slice(5, 10)}..${to.toISOString().slice(5, 10)}`));
