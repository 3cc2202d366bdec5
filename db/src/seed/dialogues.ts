import type { Random } from './random.js'

/**
 * A short exchange. Each line begins with who speaks: `a` and `b` are the two people of a direct conversation, in a larger one two of those
 * present; words in braces are replaced by one of their fillings.
 */
export type Dialogue = readonly `${'a' | 'b' | 'c'} ${string}`[]

/** a: a patient, b: a doctor. */
export const consultations: readonly Dialogue[] = [
  [
    'a Good {daytime}, doctor. My {symptom} is back since {day}.',
    'b I am sorry to hear that. Is it stronger than last time?',
    'a A little. On a scale of ten I would say {number}.',
    'b Are you still taking {drug} as we agreed?',
    'a Yes, {dose}, {often}.',
    'b Then please take {dose} more in the evening until {day}, and tell me how you feel.',
    'a I will. Thank you!',
  ],
  [
    'a Hello, did my {test} come back already?',
    'b Yes, it came this {daytime}. {value} is a bit {level}, everything else is as it should be.',
    'a Is that something to worry about?',
    'b No. We repeat the {test} in {number} weeks to be sure.',
    'a All right, where do I book that?',
    'b The front desk will call you on {day}.',
  ],
  [
    'b How did the first nights with {drug} go?',
    'a Better than I thought. I slept {number} hours yesterday.',
    'b Very good. Any {symptom}?',
    'a Only in the morning, it goes away after breakfast.',
    'b That is common in the first {number} days. Let us keep the dose.',
  ],
  [
    'a I have to move our appointment on {day}, sorry. Is there anything at {time}?',
    'b {day} at {time} would work. Shall I put you down?',
    'a Perfect, thank you.',
    'b Done. Please bring the list of what you take.',
  ],
  [
    'a My blood pressure this {daytime} was {pressure}.',
    'b Thank you for measuring. Was that before or after {drug}?',
    'a Before.',
    'b Then once more an hour after, please, sitting down for five minutes first.',
    'a It is {pressure} now.',
    'b That looks good. Keep the diary going until {day}.',
  ],
  [
    'a The wound looks a bit red around the stitches. I can send a photo.',
    'b Please do. Does it feel warm?',
    'a No, only when I walk a lot.',
    'b I would like {nurse} to look at it on {day}, {time}.',
    'a I will be there.',
  ],
  [
    'b I have signed the prescription for {drug}, {dose}. It is at the pharmacy.',
    'a Great, I can pick it up on {day}. Do I take it with food?',
    'b Yes, with a meal, {often}.',
    'a Understood.',
    'b And no grapefruit juice with this one, please.',
    'a Good to know 🙂',
  ],
  [
    'a May I go swimming again?',
    'b From {day} on, if the {symptom} stays away. Start with {number} lengths.',
    'a That makes my week!',
    'b 👍',
  ],
  ['a Thank you for calling back so quickly on {day}.', 'b Of course. Write to me whenever something changes.'],
  [
    'b A reminder: nothing to eat from ten in the evening before the {test}.',
    'a Is water allowed?',
    'b Water is fine, no coffee.',
    'a And my {drug}?',
    'b Bring it along and take it afterwards.',
  ],
]

/** Between colleagues. */
export const roundsTalk: readonly Dialogue[] = [
  [
    'a {ward}, bed {number}: blood pressure {pressure}, temperature {temperature}.',
    'b Seen, thanks. I will look in at {time}.',
    'c I am next door, shall I take the {test} right away?',
    'b Yes please.',
    'c Taken, it is on its way to the lab.',
  ],
  ['a Who has the keys of the medicine cabinet on {ward}?', 'b Me, sorry. On my way back.', 'a No hurry, {time} is soon enough.'],
  [
    'b Can somebody swap with me on {day}? I have the early shift.',
    'c I could, if you take my {day}.',
    'b Deal. I will enter it into the plan.',
    'a Changed, both of you are in.',
  ],
  [
    'a Admission from the emergency room at {time}: {symptom}, stable, for {ward}.',
    'c Bed {number} is free and made.',
    'a Thank you, I will tell them.',
    'b Do we have a recent {test}?',
    'a From {day}. {value} was {level}.',
    'b Then one more now, please.',
  ],
  ['c We are running low on {supply} on {ward}.', 'a Ordered, should come on {day}.', 'c Great.'],
  [
    'b Handover: quiet {daytime}. Bed {number} slept well, bed {number} got {drug} at {time}, nothing open.',
    'a Thank you! Coffee is ready.',
    'c You are a hero ☕',
  ],
  ['a The lift to {ward} is out of order, use the one at the back.', 'b Technicians are told, they said {time}.', 'a It works again.'],
  [
    'a Bed {number} asks whether the visiting hours can be later on {day}.',
    'b Until {time} is all right for family.',
    'a I will pass it on.',
  ],
  [
    'b Please double-check {drug} for bed {number}: the plan says {dose}, the label something else.',
    'c Checked with the pharmacy: {dose} is right, the label was from the old pack.',
    'b Thank you for being careful.',
    'a Good catch. I write it into the log.',
  ],
  ['c Training on the new {supply} is on {day}, {time}, room {number}.', 'a I am in.', 'b Me too.', 'c Noted.'],
]

/** To everybody, by those who run the clinic. */
export const announcements: readonly Dialogue[] = [
  ['a The {test} results portal is down for maintenance on {day} from {time}.'],
  ['a Reminder: flu vaccination for staff and patients every {day}, {time}, ground floor.'],
  ['a The car park is being repaved until {day}. Please use the entrance on Garden Street.'],
  ['a New in the cafeteria from {day}: breakfast until {time}.'],
  ['a Visiting hours on {ward} are until {time} this week.', 'b On {day} as well.'],
  ['a Please bring your insurance card to appointments from the first of the month on.'],
  ['a The pharmacy closes at {time} on {day}.'],
  ['a We welcome two new colleagues on {ward}. Say hello when you meet them!'],
  ['a Fire drill on {day} at {time}. Please follow the staff; it takes about {number} minutes.'],
  ['a Thank you all for the donations: {number} boxes went out on {day}.'],
]

const days = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday']
const fillings: Record<string, readonly string[]> = {
  day: days,
  daytime: ['morning', 'afternoon', 'evening'],
  time: ['8:15', '9:30', '10:00', '11:45', '13:20', '14:00', '15:30', '16:10', '17:45', '19:00'],
  drug: ['ibuprofen', 'metformin', 'ramipril', 'pantoprazole', 'amoxicillin', 'levothyroxine', 'bisoprolol', 'atorvastatin'],
  dose: ['half a tablet', 'one tablet', '5 mg', '10 mg', '20 mg', '250 mg', '400 mg'],
  often: ['once a day', 'twice a day', 'every eight hours', 'in the morning', 'before going to bed'],
  symptom: ['headache', 'back pain', 'cough', 'dizziness', 'knee pain', 'rash', 'shortness of breath', 'nausea'],
  test: ['blood test', 'ECG', 'ultrasound', 'allergy test', 'X-ray', 'thyroid panel'],
  value: ['Ferritin', 'TSH', 'LDL', 'HbA1c', 'Creatinine', 'Vitamin D'],
  level: ['low', 'high', 'above the limit', 'below the limit'],
  number: ['2', '3', '4', '5', '6', '7', '8', '12', '14'],
  pressure: ['118/76', '124/81', '131/84', '138/88', '145/92', '127/79'],
  temperature: ['36.4', '36.8', '37.1', '37.9', '38.3'],
  ward: ['Ward 1', 'Ward 2', 'Ward 3', 'Paediatrics', 'Cardiology', 'Day clinic'],
  nurse: ['Grace', 'Lukas', 'Sofia', 'Tom'],
  supply: ['syringes', 'infusion pumps', 'dressings', 'gloves', 'thermometers'],
}

/** Replaces the words in braces. */
export function fillText(text: string, random: Random): string {
  return text.replace(/\{(\w+)\}/g, (_, word: string) => random.pick(fillings[word] ?? [word]))
}
