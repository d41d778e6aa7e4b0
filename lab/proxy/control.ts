import { connect } from 'node:net'
import { LabError } from '#lab/state/lab-error.ts'
import { formatFault, type ProxyFault } from './fault.ts'

/** Tells a proxy by its control socket which fault to have from now on. */
export function setFault(controlPath: string, fault: ProxyFault): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(controlPath)
    let answer = ''
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text))
    socket.once('error', (cause) => reject(new LabError(`The API proxy does not answer: ${cause.message}`, { cause })))
    socket.once('end', () => {
      if (answer.trim() === formatFault(fault)) resolve()
      else reject(new LabError(`The API proxy refused ${formatFault(fault)}: ${answer.trim()}`))
    })
    socket.write(`${formatFault(fault)}\n`)
  })
}
