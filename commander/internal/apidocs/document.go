package apidocs

import (
	"fmt"
	"iter"
	"strings"

	"go.yaml.in/yaml/v4"
)

// node is a value of the document; the zero node is none. Mappings keep the document's order.
type node struct{ *yaml.Node }

// parse reads a document.
func parse(text string) (node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return node{}, fmt.Errorf("read the contract: %w", err)
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return node{}, fmt.Errorf("read the contract: it is no mapping")
	}
	return node{doc.Content[0]}, nil
}

func (n node) is() bool { return n.Node != nil }

// pairs are the keys of a mapping with their values.
func (n node) pairs() iter.Seq2[string, node] {
	return func(yield func(string, node) bool) {
		if !n.is() || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i].Value, node{n.Content[i+1]}) {
				return
			}
		}
	}
}

// get goes down a path of keys.
func (n node) get(path ...string) node {
	for _, want := range path {
		found := node{}
		for key, value := range n.pairs() {
			if key == want {
				found = value
			}
		}
		n = found
	}
	return n
}

// items are the elements of a sequence.
func (n node) items() []node {
	if !n.is() || n.Kind != yaml.SequenceNode {
		return nil
	}
	list := make([]node, len(n.Content))
	for i, c := range n.Content {
		list[i] = node{c}
	}
	return list
}

// text is a scalar as it is written, empty for none.
func (n node) text() string {
	if !n.is() || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

// texts are the scalars of a sequence.
func (n node) texts() []string {
	var list []string
	for _, i := range n.items() {
		list = append(list, i.text())
	}
	return list
}

// resolve follows a reference within the document. name is that of the component, empty where there was none.
func (n node) resolve(root node) (to node, name string, err error) {
	ref := n.get("$ref").text()
	if ref == "" {
		return n, "", nil
	}
	path, local := strings.CutPrefix(ref, "#/")
	keys := strings.Split(path, "/")
	if to = root.get(keys...); !local || !to.is() {
		return node{}, "", fmt.Errorf("the contract refers to %q, which it does not have", ref)
	}
	return to, keys[len(keys)-1], nil
}
