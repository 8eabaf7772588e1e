// Package dashboard holds the built web app, so that the server is one file.
//
//	src/ --npm run build--> dist/ --go:embed--> App() --> internal/webapp
//	                        placeholder/ ------> Placeholder()
//
// dist/ is not in git but for a marker file, which lets this package compile on
// a clean clone without Node. App then reports ErrNotBuilt, and the server
// answers with the placeholder page and status 503: a person learns how to
// build, and no check can take that page for the dashboard.
package dashboard

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
)

// ErrNotBuilt says that the binary was compiled before the web app was built.
var ErrNotBuilt = errors.New("the web app is not in this binary: run ./task build, or npm ci && npm run build and compile again")

//go:embed all:dist
var dist embed.FS

//go:embed placeholder/index.html
var placeholder []byte

// App returns the built app with index.html at its root, or ErrNotBuilt.
func App() (fs.FS, error) {
	app, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, fmt.Errorf("open the embedded app: %w", err)
	}
	if _, err := fs.Stat(app, "index.html"); err != nil {
		return nil, ErrNotBuilt
	}
	return app, nil
}

// Placeholder is the page shown while the app is not built.
func Placeholder() []byte {
	return append([]byte(nil), placeholder...)
}
