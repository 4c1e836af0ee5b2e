interface Company { name: string; address?: { city?: { name: string } }; employees?: { name: string; boss?: () => string }[] }
const companies: (Company | null)[] = [
  { name: "A", address: { city: { name: "Rome" } }, employees: [{ name: "Ada", boss: () => "Bob" }] },
  { name: "B", employees: [] },
  null,
];
for (const company of companies) console.log(company?.address?.city?.name ?? "unknown", company?.employees?.[0]?.boss?.() ?? "none", company?.employees?.length);
let settings: { theme?: string; size?: number | null } = { size: 0 };
settings.theme ??= "dark";
settings.size ||= 12;
console.log(settings, settings!.theme!.length);
const label: string = (settings.size as number) > 10 ? "big" : "small";
console.log(label, ...(settings.theme ? [settings.theme] : []));
