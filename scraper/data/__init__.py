"""Tables that the rules read: labels, chrome words, number migration."""
