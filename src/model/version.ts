/** The version of Balise, of its chart and of its image; a test holds it to package.json and chart/balise/Chart.yaml. */
export const BALISE_VERSION = '0.1.0'
