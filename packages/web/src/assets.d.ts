/** Styles are imported for what they do: the build makes a file of them. */
declare module "*.css"
