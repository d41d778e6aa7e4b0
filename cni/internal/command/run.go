package command

import (
	"os"

	"github.com/containernetworking/cni/pkg/skel"
	"github.com/containernetworking/cni/pkg/types"
	"github.com/containernetworking/cni/pkg/version"

	"balise.io/cni/internal/config"
	"balise.io/cni/internal/ledger"
)

// Versions of the specification that the plugin speaks. Before 0.3.1 a result had one address of each family and no interfaces.
var Versions = version.PluginSupports("0.3.1", "0.4.0", "1.0.0", "1.1.0")

// Run does the command that the environment names, and tells a failure to the runtime and to the agent. It returns the exit code.
func Run() int {
	var last *Call
	verb := func(name string, do func(*Call) error) func(*skel.CmdArgs) error {
		return func(args *skel.CmdArgs) error {
			call, failed := newCall(name, args)
			last = call
			if failed != nil {
				return failed
			}
			return do(call)
		}
	}
	failed := skel.PluginMainFuncsWithError(skel.CNIFuncs{
		Add:    verb("ADD", (*Call).add),
		Del:    verb("DEL", (*Call).del),
		Check:  verb("CHECK", (*Call).check),
		GC:     verb("GC", (*Call).collect),
		Status: verb("STATUS", (*Call).status),
	}, Versions, "balise-cni: the CNI plugin of Balise")
	if failed == nil {
		return 0
	}
	note(last, failed)
	if err := failed.Print(); err != nil {
		os.Stderr.WriteString(failed.Error() + "\n")
	}
	return 1
}

// note keeps the failure. One that came before the configuration was read has no folder but the usual one, if it is there.
func note(last *Call, failed *types.Error) {
	if last == nil {
		if _, err := os.Stat(config.DefaultStateDir); err != nil {
			return
		}
		last = &Call{Verb: os.Getenv("CNI_COMMAND"), ledger: ledger.New(config.DefaultStateDir)}
	}
	last.noteFailure(failed)
}
