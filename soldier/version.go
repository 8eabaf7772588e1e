package soldier

// Version is the release of this module.
const Version = "0.1.0"
