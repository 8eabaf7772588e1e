package dashboard

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
)

// The built app is not in git. Where it is built, it must be the app and not the placeholder.
func TestAppIsNeverThePlaceholder(t *testing.T) {
	app, err := App()
	if errors.Is(err, ErrNotBuilt) {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("the web app is not built: run npm ci && npm run build in dashboard/")
	}
	if err != nil {
		t.Fatal(err)
	}
	index, err := fs.ReadFile(app, "index.html")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(index), `<div id="root">`) || !strings.Contains(string(index), "/assets/") {
		t.Errorf("dist/index.html is not the app: %s", index)
	}
}

func TestPlaceholderSaysHowToBuild(t *testing.T) {
	page := string(Placeholder())
	if !strings.Contains(page, "./task build") || strings.Contains(page, `id="root"`) {
		t.Errorf("placeholder: %s", page)
	}
}
