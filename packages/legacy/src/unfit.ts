/** Something about one of the databases that makes moving impossible; the message is a sentence for the person who runs it. */
export class Unfit extends Error {
  override readonly name = 'Unfit'
}
