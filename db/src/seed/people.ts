/** Somebody of the demo clinic. */
export interface DemoPerson {
  id: string
  email: string
  first_name: string
  last_name: string
  role: 'patient' | 'doctor' | 'nurse' | 'admin'
}

/** Fixed ids, so that a token or a link that was made for one demo fits the next. */
export const people = {
  anna: person(1, 'patient', 'Anna', 'Lindqvist'),
  jonas: person(2, 'patient', 'Jonas', 'Weber'),
  priya: person(3, 'patient', 'Priya', 'Raman'),
  mateo: person(4, 'patient', 'Mateo', 'Silva'),
  elena: person(5, 'doctor', 'Elena', 'Fischer'),
  samuel: person(6, 'doctor', 'Samuel', 'Okafor'),
  yuki: person(7, 'doctor', 'Yuki', 'Tanaka'),
  grace: person(8, 'nurse', 'Grace', 'Mbeki'),
  lukas: person(9, 'nurse', 'Lukas', 'Novak'),
  sofia: person(10, 'nurse', 'Sofia', 'Rossi'),
  tom: person(11, 'nurse', 'Tom', 'Bennett'),
  nadia: person(12, 'admin', 'Nadia', 'Haddad'),
} as const satisfies Record<string, DemoPerson>

function person(n: number, role: DemoPerson['role'], first: string, last: string): DemoPerson {
  const id = `01900000-0000-7000-8000-${String(n).padStart(12, '0')}`
  return { id, email: `${first}.${last}@clinic.example`.toLowerCase(), first_name: first, last_name: last, role }
}

/** Everybody, in the order in which they are presented. */
export const demoPeople: readonly DemoPerson[] = Object.values(people)
