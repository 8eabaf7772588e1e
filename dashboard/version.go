package dashboard

import "runtime/debug"

// Version is the version of this module in the program that asks: its own, or that
// of a dependency. "dev" where it was built from a working copy.
func Version() string {
	const path = "github.com/mission-control-dev/mission-control/dashboard"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "dev"
	}
	for _, module := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if module.Path == path && module.Version != "" && module.Version != "(devel)" {
			return module.Version
		}
	}
	return "dev"
}
