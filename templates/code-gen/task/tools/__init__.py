"""What the importer and the local grader need: an RTL reader, slang's verdict, VIPs by protocol."""
