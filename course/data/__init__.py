"""Text to train on: a corpus whose entropy is known exactly, and Tiny Shakespeare.

words      the vocabulary, and how it is inflected
grammar    the Markov chain over words: states, and what may follow each
entropy    its stationary distribution and its exact entropy rate
corpus     text of any size, drawn from it
catalogue  what there is to get or make
fetch      downloads: resumed, checked, whole or not at all
store      where data lies on this machine: the user's cache, never a workspace
size       "10MB" as a number of bytes
"""
