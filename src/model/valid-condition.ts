import { type Condition, formatMistake, type Mistake } from './condition.ts'

export const VALID_CONDITION = 'balise.io/Valid'

/** A condition holds at most 32768 characters; far fewer are read. */
const LONGEST_MESSAGE = 4096

/** `balise.io/Valid`: whether all of the object could be read and makes sense; if not, all mistakes with their remedies. */
export function validCondition(mistakes: readonly Mistake[], observedGeneration: number): Condition {
  const isValid = mistakes.length === 0
  return {
    type: VALID_CONDITION,
    status: isValid ? 'True' : 'False',
    reason: isValid ? 'valid' : 'mistakes',
    message: shorten(mistakes.map(formatMistake)),
    observedGeneration,
  }
}

/** `balise.io/Valid` of an object without a mistake in itself that cannot be judged against the cluster yet. */
export function unjudgedCondition(message: string, observedGeneration: number): Condition {
  return { type: VALID_CONDITION, status: 'Unknown', reason: 'notJudged', message, observedGeneration }
}

/** Whole sentences as far as they fit, then how many more there are; of one that is too long by itself the beginning. */
export function shorten(sentences: readonly string[]): string {
  let message = ''
  for (const [index, sentence] of sentences.entries()) {
    const longer = message === '' ? cut(sentence) : `${message}. ${sentence}`
    if (longer.length > LONGEST_MESSAGE && message !== '') return `${message}. And ${sentences.length - index} more`
    message = longer
  }
  return message
}

function cut(sentence: string): string {
  return sentence.length <= LONGEST_MESSAGE ? sentence : `${sentence.slice(0, LONGEST_MESSAGE - 3)}...`
}
