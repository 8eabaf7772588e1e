package release

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
)

// modFile is a module's go.mod.
type modFile struct {
	*modfile.File
	path string // of the file
	root string // the path that all our modules share; with "https://" before it, where go fetches them from
}

// readModFile reads the go.mod of the module in a folder of the checkout.
func readModFile(checkout, module string) (*modFile, error) {
	path := filepath.Join(checkout, module, "go.mod")
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%q is no module of this repository: %w", module, err)
	}
	file, err := modfile.Parse(path, data, nil)
	if err != nil {
		return nil, fmt.Errorf("read go.mod: %w", err)
	}
	if file.Module == nil {
		return nil, fmt.Errorf("%s names no module", path)
	}
	root, found := strings.CutSuffix(file.Module.Mod.Path, "/"+module)
	if !found {
		return nil, fmt.Errorf("the module in the folder %s is called %s: its path must end in its folder", module, file.Module.Mod.Path)
	}
	return &modFile{File: file, path: path, root: root}, nil
}

// siblings returns the folders of the modules of ours that it requires, in its order.
func (m *modFile) siblings() []string {
	var names []string
	for _, r := range m.Require {
		if name, ours := strings.CutPrefix(r.Mod.Path, m.root+"/"); ours {
			names = append(names, name)
		}
	}
	return names
}

// release makes it the go.mod of a release and writes it: siblings by version, none replaced.
func (m *modFile) release(siblings map[string]string) error {
	for name, version := range siblings {
		if err := m.AddRequire(m.root+"/"+name, version); err != nil {
			return fmt.Errorf("require %s: %w", name, err)
		}
	}
	for _, r := range append([]*modfile.Replace(nil), m.Replace...) {
		if !strings.HasPrefix(r.Old.Path, m.root+"/") {
			return fmt.Errorf("go.mod replaces %s, which has no effect for its users: remove the replace on main first", r.Old.Path)
		}
		if err := m.DropReplace(r.Old.Path, r.Old.Version); err != nil {
			return fmt.Errorf("drop the replace of %s: %w", r.Old.Path, err)
		}
	}
	m.Cleanup()
	data, err := m.Format()
	if err != nil {
		return fmt.Errorf("write go.mod: %w", err)
	}
	return os.WriteFile(m.path, data, 0o644) //nolint:gosec // a source file, as git checks it out
}
