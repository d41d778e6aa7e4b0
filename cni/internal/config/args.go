package config

import (
	"fmt"
	"strings"

	"github.com/containernetworking/cni/pkg/types"

	"balise.io/cni/internal/failure"
)

// Pod is what Kubernetes calls the pod. Both are empty where the runtime does not say.
type Pod struct {
	Namespace string
	Name      string
}

// String is `namespace/name`, or a word for a pod without a name.
func (p Pod) String() string {
	if p.Name == "" {
		return "a pod whose name the runtime did not give"
	}
	return p.Namespace + "/" + p.Name
}

// ParseArgs reads CNI_ARGS: pairs `KEY=VALUE` with semicolons between them. Keys that are not known are no mistake, as runtimes have their own.
func ParseArgs(text string) (Pod, *types.Error) {
	var pod Pod
	for pair := range strings.SplitSeq(text, ";") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		key, value, found := strings.Cut(pair, "=")
		if !found {
			return Pod{}, failure.New(types.ErrInvalidEnvironmentVariables,
				fmt.Sprintf("CNI_ARGS has %q, which is no KEY=VALUE", pair), "Separate the pairs by semicolons")
		}
		switch key {
		case "K8S_POD_NAMESPACE":
			pod.Namespace = value
		case "K8S_POD_NAME":
			pod.Name = value
		}
	}
	return pod, nil
}
