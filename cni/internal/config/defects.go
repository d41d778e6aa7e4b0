package config

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/containernetworking/cni/pkg/types"

	"balise.io/cni/internal/failure"
)

// defects gathers all mistakes of a configuration, so that they can be put right at once.
type defects struct {
	invalid     []string
	unsupported []string
}

// valueLength is how much of a wrong value is shown.
const valueLength = 80

func (d *defects) bad(field string, value any, what string) {
	d.invalid = append(d.invalid, fmt.Sprintf("%s %s: %s", field, show(value), what))
}

func (d *defects) missing(field, remedy string) {
	d.invalid = append(d.invalid, fmt.Sprintf("%s is missing: %s", field, remedy))
}

func (d *defects) unknown(field string, value any, what string) {
	d.unsupported = append(d.unsupported, fmt.Sprintf("%s %s: %s", field, show(value), what))
}

// decode reads one field into `into`; false, with a defect, where it is of another type.
func (d *defects) decode(field string, raw json.RawMessage, into any, want string) bool {
	if err := json.Unmarshal(raw, into); err != nil {
		d.bad(field, raw, "must be "+want)
		return false
	}
	return true
}

// failure is nil where there is no mistake. Code 2 demands key and value of what is not supported.
func (d *defects) failure(network string) *types.Error {
	switch {
	case len(d.invalid) > 0:
		return failure.New(types.ErrInvalidNetworkConfig,
			fmt.Sprintf("Network configuration %s is not valid: %s", network, strings.Join(append(d.invalid, d.unsupported...), "; ")),
			"The agent of Balise writes the configuration; put the values of its chart right")
	case len(d.unsupported) > 0:
		return failure.New(types.ErrUnsupportedField,
			fmt.Sprintf("Network configuration %s has what balise-cni does not support: %s", network, strings.Join(d.unsupported, "; ")),
			"Take these fields out")
	}
	return nil
}

func show(value any) string {
	raw, isRaw := value.(json.RawMessage)
	if !isRaw {
		raw, _ = json.Marshal(value) // strings, numbers and prefixes: they cannot fail
	}
	text := string(raw)
	if len(text) > valueLength {
		return text[:valueLength] + "…"
	}
	return text
}
