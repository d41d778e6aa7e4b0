package ledger

import (
	"encoding/json"
	"os"
)

// Failure is what `last-failure.json` has: the last command that failed, until an ADD goes well.
type Failure struct {
	AtMs         int64  `json:"atMs"`
	Code         uint   `json:"code"`
	Message      string `json:"message"`
	PodNamespace string `json:"podNamespace"`
	PodName      string `json:"podName"`
	Command      string `json:"command"`
}

const lastFailureName = "last-failure.json"

// NoteFailure keeps it for the agent to tell. What fails here has been told to the runtime already.
func (l *Ledger) NoteFailure(failed Failure) {
	_ = os.MkdirAll(l.folder, 0o755)
	text, err := json.Marshal(failed)
	if err == nil {
		_ = l.writeWhole(lastFailureName, append(text, '\n'))
	}
}

// ForgetFailure is for an ADD that went well.
func (l *Ledger) ForgetFailure() {
	_ = os.Remove(l.path(lastFailureName)) // most often there is none
}
