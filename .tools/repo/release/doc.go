// Package release makes releases of the workspace's modules.
//
// On main a module requires its siblings as v0.0.0 and replaces them by their folders, which nobody else can use. A
// release is a commit beside main:
//
//	main      ──o──────o──────o (HEAD)
//	                           \
//	                            o  go.mod without replace, siblings by version, go.sum, what must be built first
//	                            └─ tagged store/v0.3.0; on no branch
//
// Authority: main decides the content, the tags decide the versions. Make changes neither main nor the checkout nor its
// index: it works in a temporary worktree, and the tag is the last thing that it does. What fails before leaves nothing
// but unreferenced objects, which git removes in time. It pushes nothing.
//
// What is checked is what others will get: the candidate's commit goes, tagged, into a bare repository (Remote) that
// stands in for the public one, the go command fetches the module from there, and its zip is unpacked, built, vetted and
// tested in an empty folder, without workspace and siblings. So a file that the zip lacks, or a sibling's change that has
// no release yet, is found before the tag exists.
//
// A release has a module cache of its own, because a version that was made, found wanting and made again must not be met
// in its first shape. Modules of others come from the user's cache, or from where the environment gets them.
package release
