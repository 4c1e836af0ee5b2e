interface Row { id: number; value?: { amount: number } }
type Rows = Row[];

const total = (rows: Rows): number =>
  rows.reduce((sum: number, row: Row) => sum + row.value!.amount, 0);

try {
  total([{ id: 1, value: { amount: 2 } }, { id: 2 }]);
} catch (error) {
  console.log((error as Error).name, /error_position/.test((error as Error).stack ?? "") || "named");
}
